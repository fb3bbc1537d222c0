//! `GET /users/import/{id}/failures`: the failed records, one a line, also while the task runs.

use axum::body::Body;
use axum::extract::State as Extract;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{self, Stream};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::details::Broken;
use super::filter::failed;
use super::{State, task};
use crate::chunk::read_details;
use crate::pg::{self, Pool};
use crate::web::query::Query;
use crate::web::{Caller, Error, Id, NotFound, accepts};

/// Chunks with failures that are read at once.
const CHUNKS: i64 = 4;

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
    let body = Body::from_stream(lines(state.pool, caller.project, found.number));
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], body).into_response())
}

fn lines(
    pool: Pool,
    project: i32,
    task: i64,
) -> impl Stream<Item = Result<Bytes, Broken>> + Send + 'static {
    stream::try_unfold((pool, Some(0_i64)), move |(pool, next)| async move {
        let Some(next) = next else { return Ok(None) };
        let rows = {
            let client = pool.get().await.map_err(pg::Error::from)?;
            let statement = client.prepare_cached(include_str!("failures.sql")).await?;
            client.query(&statement, &[&project, &task, &next, &CHUNKS]).await?
        };
        let mut piece = Vec::new();
        for row in &rows {
            append(row, &mut piece).ok_or(Broken::Unreadable)?;
        }
        let last = rows.last().filter(|_| rows.len() as i64 == CHUNKS);
        let next = last.map(|row| row.get::<_, i64>(0) + 1);
        Ok(Some((Bytes::from(piece), (pool, next))))
    })
}

/// Adds the failed records of a chunk, each with its line.
fn append(row: &tokio_postgres::Row, piece: &mut Vec<u8>) -> Option<()> {
    let details = read_details(row.get(1)).ok()?;
    let lines: Option<Vec<i64>> = row.get(2);
    let mut lines = lines.unwrap_or_default().into_iter();
    for detail in failed(&details)? {
        let mut failure: Failure<'_> = serde_json::from_str(detail.get()).ok()?;
        failure.line = lines.next();
        serde_json::to_writer(&mut *piece, &failure).ok()?;
        piece.push(b'\n');
    }
    Some(())
}
