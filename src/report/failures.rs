//! `GET /users/import/{id}/failures`: the failed records, one a line, also while the task runs.
//!
//! A stream whose task goes away breaks off: a short one would hide failures.

use axum::body::Body;
use axum::extract::State as Extract;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{self, Stream};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::chunks::{Broken, Chunk, Chunks};
use super::filter::{Which, failed};
use super::{State, task};
use crate::web::query::Query;
use crate::web::route::{Content, Route};
use crate::web::{Caller, Error, Id, NotFound, accepts, kind};

pub const ROUTE: Route = Route {
    gives: &[Content {
        media: "application/x-ndjson",
        schema: r##"{"$ref": "#/components/schemas/Failure"}"##,
        example: r#"{"index": 7, "line": 8, "errors": [{"name": "Invalid", "reason": "InvalidPasswordHash", "message": "the password hash is no bcrypt hash", "code": 400}], "record": {"email": "user8@example.com", "password": {"type": "bcrypt", "password_hash": "REDACTED"}}}"#,
    }],
    errors: &[kind::NOT_ACCEPTABLE, kind::TASK_NOT_FOUND, kind::VALIDATION_FAILED],
    ..Route::get(
        "/users/import/{id}/failures",
        "listFailures",
        "The failed records so far, one a line, also while the task is pending.",
    )
};

/// A failed record, as a detail holds it and as a line shows it.
#[derive(Debug, Deserialize, Serialize)]
struct Failure<'a> {
    index: u64,
    /// Of the file as sent, from 1; absent for a JSON document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    line: Option<i64>,
    #[serde(borrow)]
    errors: &'a RawValue,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    record: Option<&'a RawValue>,
}

pub async fn handle(
    caller: Caller,
    Extract(state): Extract<State>,
    Id(id): Id,
    query: Query,
    headers: HeaderMap,
) -> Result<Response, Error> {
    accepts(&headers, "application/x-ndjson")?;
    query.finish()?;
    let found = {
        let client = state.pool.get().await?;
        task::find(&client, caller.project, &id).await?
    };
    let found = found.ok_or_else(|| Error::not_found(NotFound::Task))?;
    let chunks =
        Chunks::new(state.pool, caller.project, found.number, Which::Failed, &(0..u64::MAX));
    let body = Body::from_stream(lines(chunks));
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response())
}

fn lines(chunks: Chunks) -> impl Stream<Item = Result<Bytes, Broken>> + Send + 'static {
    stream::try_unfold(chunks, async |mut chunks| {
        let next = chunks.next().await.inspect_err(|error| {
            tracing::warn!(%error, "a stream of failures breaks off");
        })?;
        let mut piece = Vec::new();
        for chunk in &next {
            append(chunk, &mut piece).ok_or(Broken::Unreadable)?;
        }
        Ok((!next.is_empty()).then(|| (Bytes::from(piece), chunks)))
    })
}

/// Adds the failed records of a chunk, each with its line.
fn append(chunk: &Chunk, piece: &mut Vec<u8>) -> Option<()> {
    let mut lines = chunk.failed_lines.iter().copied();
    for detail in failed(&chunk.details)? {
        let mut failure: Failure<'_> = serde_json::from_str(detail.get()).ok()?;
        failure.line = lines.next();
        serde_json::to_writer(&mut *piece, &failure).ok()?;
        piece.push(b'\n');
    }
    Some(())
}
