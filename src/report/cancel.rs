//! `POST /users/import/{id}/cancel`: stops a pending task; what is applied stays.

use axum::Json;
use axum::extract::State as Extract;
use axum::http::HeaderMap;

use super::State;
use super::task::{Task, cancel, find};
use crate::web::query::Query;
use crate::web::route::{Content, Route};
use crate::web::{Caller, Error, Id, NotFound, accepts, kind};
use crate::{metrics, pg, telemetry};

pub const ROUTE: Route = Route {
    gives: &[Content {
        media: "application/json",
        schema: r##"{"$ref": "#/components/schemas/Task"}"##,
        example: r#"{"id": "task_4WZ0V7EPT4GZ2ABVN03QXYZ122W835C1", "created_at": "2024-04-04T06:56:36.02508Z", "completed_at": "2024-04-04T06:56:40.1Z", "status": "cancelled", "summary": {"total": 20000, "inserted": 5000, "updated": 0, "skipped": 0, "failed": 0}}"#,
    }],
    errors: &[
        kind::NOT_ACCEPTABLE,
        kind::TASK_NOT_FOUND,
        kind::TASK_NOT_PENDING,
        kind::VALIDATION_FAILED,
    ],
    ..Route::post(
        "/users/import/{id}/cancel",
        "cancelTask",
        "Stops a pending task; what is applied stays.",
    )
};

pub async fn handle(
    caller: Caller,
    Extract(state): Extract<State>,
    Id(id): Id,
    query: Query,
    headers: HeaderMap,
) -> Result<Json<Task>, Error> {
    accepts(&headers, "application/json")?;
    query.finish()?;
    let client = state.pool.get().await?;
    match cancel(&client, caller.project, &id).await {
        Ok(Some(task)) => {
            metrics::tasks_ended("cancelled", 1);
            let trace_id = telemetry::trace_id(&tracing::Span::current());
            tracing::info!(task = %id, trace_id, "task cancelled");
            Ok(Json(task))
        }
        Ok(None) => match find(&client, caller.project, &id).await? {
            Some(_) => Err(Error::task_not_pending()),
            None => Err(Error::not_found(NotFound::Task)),
        },
        Err(error) => Err(maybe_cancelled(error)),
    }
}

/// The one answer of this stage that may have changed something without a word.
fn maybe_cancelled(error: pg::Error) -> Error {
    if !error.is_transient() {
        return error.into();
    }
    tracing::warn!(%error, "Postgres did not answer a cancel");
    Error::unavailable(
        "the database cannot be reached at the moment; the task may have been cancelled, and a retry is safe",
        5,
    )
}
