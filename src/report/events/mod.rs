//! `GET /users/import/{id}/events`: a task's progress as server-sent events, to its end.
//!
//! However many read, each task that is watched costs one look at its row every 250 ms: readers
//! share it, and each holds the last state alone. So a reader that is slow, or that never reads,
//! takes no memory and delays nobody; it misses what was between, and never the end.

mod pace;
mod reader;
mod watches;

use axum::extract::State as Extract;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::sse::Sse;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;

use self::reader::Reader;
use super::State;
use super::task::Task;
use crate::import::task::Status;
use crate::web::query::Query;
use crate::web::route::{Content, Route};
use crate::web::{Caller, Error, Id, NotFound, accepts, kind};

pub use self::watches::Watches;

pub const ROUTE: Route = Route {
    gives: &[Content {
        media: "text/event-stream",
        schema: r##"{"$ref": "#/components/schemas/Progress"}"##,
        example: "event: progress\ndata: {\"id\":\"task_4WZ0V7EPT4GZ2ABVN03QXYZ122W835C1\",\"created_at\":\"2024-04-04T06:56:36.02508Z\",\"status\":\"pending\",\"summary\":{\"total\":20000,\"inserted\":5000,\"updated\":0,\"skipped\":0,\"failed\":0},\"rate\":2500.0,\"eta_seconds\":6}\n\n",
    }],
    errors: &[kind::NOT_ACCEPTABLE, kind::TASK_NOT_FOUND, kind::VALIDATION_FAILED],
    ..Route::get(
        "/users/import/{id}/events",
        "followTask",
        "A task's progress as server-sent events: `progress` at once, on change (at most 4 a second) \
         and every 15 s, then `completed` or `cancelled`, then the end. The schema is of an event's \
         data. The stream ends with its token, and with a `retry:` when the process stops.",
    )
};

/// The data of an event.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Progress {
    #[serde(flatten)]
    task: Task,
    /// Records a second, lately; over the whole for a task that has ended.
    rate: f64,
    /// Null while nothing moves.
    eta_seconds: Option<u64>,
}

impl Progress {
    fn has_ended(&self) -> bool {
        self.task.status != Status::Pending
    }
}

pub async fn handle(
    caller: Caller,
    Extract(state): Extract<State>,
    Id(id): Id,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, Error> {
    accepts(&headers, "text/event-stream")?;
    query.finish()?;
    let seen = watches::look(&state.pool, caller.project, &id).await?;
    let seen = seen.ok_or_else(|| Error::not_found(NotFound::Task))?;
    let receiver = state.watches.join(caller.project, seen)?;
    let reader = Reader::new(receiver, reader::lifetime(caller.expires_at), state.watches.stop());
    let events =
        stream::unfold(reader, async |mut reader| reader.next().await.map(|event| (event, reader)));
    let own = [
        // The library says `no-cache`; an answer about users is stored nowhere at all.
        (header::CACHE_CONTROL, "no-store"),
        // Otherwise nginx, the commonest proxy, collects events before it passes them on.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((own, Sse::new(events)).into_response())
}
