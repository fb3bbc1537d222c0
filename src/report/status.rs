//! `GET /users/import/{id}`: the task, and the details of each record once it has ended.

use axum::body::Body;
use axum::extract::State as Extract;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};

use super::chunks::Chunks;
use super::details::stream;
use super::filter::Which;
use super::{State, task};
use crate::import::task::Status;
use crate::web::query::Query;
use crate::web::route::{Content, Parameter, Route};
use crate::web::{Caller, Error, Id, NotFound, accepts, kind};

pub const ROUTE: Route = Route {
    query: &[
        Parameter {
            name: "details",
            about: "Which records are shown, once the task has ended.",
            schema: r#"{"enum": ["all", "failed", "warnings", "none"], "default": "all"}"#,
            required: false,
        },
        Parameter {
            name: "offset",
            about: "The first index of the window, which is cut before the filter.",
            schema: r#"{"type": "integer", "minimum": 0, "maximum": 9223372036854775807, "default": 0}"#,
            required: false,
        },
        Parameter {
            name: "limit",
            about: "How many indexes the window has; without it, all that follow.",
            schema: r#"{"type": "integer", "minimum": 1, "maximum": 9223372036854775807}"#,
            required: false,
        },
    ],
    gives: &[Content {
        media: "application/json",
        schema: r##"{"$ref": "#/components/schemas/Task"}"##,
        example: r#"{"id": "task_4WZ0V7EPT4GZ2ABVN03QXYZ122W835C1", "created_at": "2024-04-04T06:56:36.02508Z", "completed_at": "2024-04-04T06:56:36.087498Z", "status": "completed", "summary": {"total": 1, "inserted": 1, "updated": 0, "skipped": 0, "failed": 0}, "details": [{"index": 0, "record": {"email": "user1@example.com", "password": {"type": "bcrypt", "password_hash": "REDACTED"}}, "outcome": "inserted", "user_id": "018ea7d2-fe46-7efa-9d3d-6e9c5e0e4b52"}]}"#,
    }],
    errors: &[kind::NOT_ACCEPTABLE, kind::TASK_NOT_FOUND, kind::VALIDATION_FAILED],
    ..Route::get(
        "/users/import/{id}",
        "getTask",
        "A task: its status, its summary and, once it has ended, the details of each record.",
    )
};

pub async fn handle(
    caller: Caller,
    Extract(state): Extract<State>,
    Id(id): Id,
    mut query: Query,
    headers: HeaderMap,
) -> Result<Response, Error> {
    accepts(&headers, "application/json")?;
    let which = query.take_enum("details", &Which::WORDS).unwrap_or(Which::All);
    let from = query.take_integer("offset", 0..=i64::MAX as u64).unwrap_or(0);
    let limit = query.take_integer("limit", 1..=i64::MAX as u64).unwrap_or(u64::MAX);
    let indexes = from..from.saturating_add(limit);
    query.finish()?;
    let task = {
        let client = state.pool.get().await?;
        task::find(&client, caller.project, &id).await?
    };
    let task = task.ok_or_else(|| Error::not_found(NotFound::Task))?;
    let json = serde_json::to_vec(&task).expect("a task is always JSON");
    let body = if task.status == Status::Pending || which == Which::None {
        Body::from(json)
    } else {
        let chunks = Chunks::new(state.pool, caller.project, task.number, which, &indexes);
        Body::from_stream(stream(chunks, json, which, indexes))
    };
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}
