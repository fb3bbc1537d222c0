//! `POST /users/import/{id}/cancel`: stops a pending task; what is applied stays.

use axum::Json;
use axum::extract::State as Extract;
use axum::http::HeaderMap;

use super::State;
use super::task::{Task, cancel, find};
use crate::web::query::Query;
use crate::web::{Caller, Error, Id, NotFound, accepts};
use crate::{metrics, pg};

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
