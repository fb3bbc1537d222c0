//! `GET /users/import/{id}`: the task, and the details of each record once it has ended.

use axum::body::Body;
use axum::extract::State as Extract;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};

use super::details::{Window, stream};
use super::filter::Which;
use super::{State, task};
use crate::import::task::Status;
use crate::web::query::Query;
use crate::web::{Caller, Error, Id, NotFound, accepts};

pub async fn handle(
    caller: Caller,
    Extract(state): Extract<State>,
    Id(id): Id,
    mut query: Query,
    headers: HeaderMap,
) -> Result<Response, Error> {
    accepts(&headers, "application/json")?;
    let which = query.take_enum("details", &Which::WORDS).unwrap_or(Which::All);
    let window = Window {
        offset: query.take_integer("offset", 0..=i64::MAX as u64).unwrap_or(0),
        limit: query.take_integer("limit", 1..=i64::MAX as u64),
    };
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
        Body::from_stream(stream(state.pool, caller.project, &task, json, which, window))
    };
    Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
}
