//! `GET /users/import`: the project's tasks, newest first, a page at a time.

use axum::Json;
use axum::extract::State as Extract;
use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::State;
use super::task::Task;
use crate::import::task::Status;
use crate::web::query::Query;
use crate::web::route::{Content, Parameter, Route};
use crate::web::{Caller, Error, accepts, kind};

pub const ROUTE: Route = Route {
    query: &[
        Parameter {
            name: "status",
            about: "Only tasks of this status.",
            schema: r##"{"$ref": "#/components/schemas/Status"}"##,
            required: false,
        },
        Parameter {
            name: "limit",
            about: "How many tasks a page holds.",
            schema: r#"{"type": "integer", "minimum": 1, "maximum": 100, "default": 20}"#,
            required: false,
        },
        Parameter {
            name: "cursor",
            about: "The `next_cursor` of the page before.",
            schema: r#"{"type": "string"}"#,
            required: false,
        },
    ],
    gives: &[Content {
        media: "application/json",
        schema: r##"{"$ref": "#/components/schemas/TaskPage"}"##,
        example: r#"{"tasks": [{"id": "task_4WZ0V7EPT4GZ2ABVN03QXYZ122W835C1", "created_at": "2024-04-04T06:56:36.02508Z", "status": "pending", "summary": {"total": 20000, "inserted": 5000, "updated": 0, "skipped": 0, "failed": 0}}], "next_cursor": "MTcxMjIxMzc5NjAyNTA4MC40Mg"}"#,
    }],
    errors: &[kind::NOT_ACCEPTABLE, kind::VALIDATION_FAILED],
    ..Route::get(
        "/users/import",
        "listTasks",
        "The project's tasks, newest first, without details.",
    )
};

#[derive(Debug, Serialize)]
pub struct Page {
    tasks: Vec<Task>,
    /// Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// The place after which a page begins: the last task of the page before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    received_at: Timestamp,
    task: i64,
}

impl Place {
    fn cursor(self) -> String {
        let micros = self.received_at.as_microsecond();
        URL_SAFE_NO_PAD.encode(format!("{micros}.{}", self.task))
    }

    fn read(cursor: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (micros, task) = text.split_once('.')?;
        let received_at = Timestamp::from_microsecond(micros.parse().ok()?).ok()?;
        Some(Self { received_at, task: task.parse().ok()? })
    }
}

pub async fn handle(
    caller: Caller,
    Extract(state): Extract<State>,
    mut query: Query,
    headers: HeaderMap,
) -> Result<Json<Page>, Error> {
    accepts(&headers, "application/json")?;
    let statuses = [Status::Pending, Status::Completed, Status::Cancelled];
    let status = query.take_enum("status", &statuses.map(|status| (status.as_str(), status)));
    let limit = query.take_integer("limit", 1..=100).unwrap_or(20);
    let place = query.take("cursor").and_then(|cursor| {
        let place = Place::read(&cursor);
        if place.is_none() {
            query.refuse("cursor", "format", Value::Null);
        }
        place
    });
    query.finish()?;
    page(&state, caller.project, status, limit, place).await.map(Json)
}

async fn page(
    state: &State,
    project: i32,
    status: Option<Status>,
    limit: u64,
    place: Option<Place>,
) -> Result<Page, Error> {
    let client = state.pool.get().await?;
    let statement = client.prepare_cached(include_str!("list.sql")).await?;
    let (after, task) = (place.map(|p| p.received_at), place.map_or(0, |p| p.task));
    let status = status.map(Status::as_str);
    // One more than asked for tells whether another page follows.
    let rows =
        client.query(&statement, &[&project, &after, &task, &status, &(limit as i64 + 1)]).await?;
    let last = rows.get(limit as usize - 1).filter(|_| rows.len() as u64 > limit);
    let next_cursor = last.map(|row| Place { received_at: row.get(10), task: row.get(0) }.cursor());
    let tasks = rows.iter().take(limit as usize).map(Task::from_row).collect();
    Ok(Page { tasks, next_cursor })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_garbage_is_none() {
        let place = Place {
            received_at: Timestamp::from_microsecond(1_712_213_796_025_080).unwrap(),
            task: 42,
        };
        assert_eq!(Place::read(&place.cursor()), Some(place));
        for garbage in ["", "%%", "MQ", &URL_SAFE_NO_PAD.encode("1.x")] {
            assert_eq!(Place::read(garbage), None);
        }
    }
}
