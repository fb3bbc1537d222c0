//! A task as callers see it, without its details.

use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use serde::Serialize;
use tokio_postgres::Row;

use crate::import::task::{Status, Summary};
use crate::pg;

/// The JSON of a task. Members stand in the order of the contract's example.
#[derive(Debug, Clone, Serialize)]
pub struct Task {
    pub id: String,
    pub created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    pub status: Status,
    pub summary: Summary,
    /// What the tables know the task by.
    #[serde(skip)]
    pub number: i64,
}

impl Task {
    /// How many records have an outcome.
    pub fn done(&self) -> u64 {
        let Summary { total: _, inserted, updated, skipped, failed } = self.summary;
        inserted + updated + skipped + failed
    }

    /// Reads a row of `find.sql`, `list.sql` or `cancel.sql`.
    pub fn from_row(row: &Row) -> Self {
        let count = |column: usize| row.get::<_, i64>(column) as u64;
        let completed_at: Option<Timestamp> = row.get(3);
        let status = match (completed_at, row.get(4)) {
            (None, _) => Status::Pending,
            (Some(_), false) => Status::Completed,
            (Some(_), true) => Status::Cancelled,
        };
        Self {
            number: row.get(0),
            id: row.get(1),
            created_at: row.get(2),
            completed_at,
            status,
            summary: Summary {
                total: count(5),
                inserted: count(6),
                updated: count(7),
                skipped: count(8),
                failed: count(9),
            },
        }
    }
}

/// The project's task of that id, if it was received and is not gone.
pub async fn find(
    client: &impl GenericClient,
    project: i32,
    id: &str,
) -> Result<Option<Task>, pg::Error> {
    let statement = client.prepare_cached(include_str!("find.sql")).await?;
    let row = client.query_opt(&statement, &[&project, &id]).await?;
    Ok(row.as_ref().map(Task::from_row))
}

/// Cancels the project's task of that id if it is pending.
pub async fn cancel(
    client: &impl GenericClient,
    project: i32,
    id: &str,
) -> Result<Option<Task>, pg::Error> {
    let statement = client.prepare_cached(include_str!("cancel.sql")).await?;
    let row = client.query_opt(&statement, &[&project, &id]).await?;
    Ok(row.as_ref().map(Task::from_row))
}
