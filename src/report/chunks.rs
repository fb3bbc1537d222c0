//! The applied chunks of a task, a few at a time, with no connection held in between.

use std::ops::Range;

use super::filter::Which;
use crate::chunk::read_details;
use crate::pg::{self, Pool};

/// Chunks read at once. A chunk's details are about 100 KiB compressed; 16 MiB at the very most.
const CHUNKS: i64 = 4;

/// Why a stream breaks off. The client sees the connection end, and nothing of the cause.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    #[error(transparent)]
    Postgres(#[from] pg::Error),
    #[error("the task went away while it was read")]
    Gone,
    #[error("the details of a chunk cannot be read")]
    Unreadable,
}

impl From<tokio_postgres::Error> for Broken {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error.into())
    }
}

/// Where a reading stands.
pub struct Chunks {
    pool: Pool,
    project: i32,
    task: i64,
    which: Which,
    /// The next index to be read, and the first one that is not.
    rest: Range<i64>,
}

pub struct Chunk {
    pub indexes: Range<u64>,
    /// Comma-joined, as apply wrote them.
    pub details: Vec<u8>,
    /// Where its failed records stand in the file, if lines mean something there.
    pub failed_lines: Vec<i64>,
}

impl Chunks {
    /// Of the chunks that hold one of `indexes`, those that have what is asked for.
    pub fn new(pool: Pool, project: i32, task: i64, which: Which, indexes: &Range<u64>) -> Self {
        let bound = |index: u64| i64::try_from(index).unwrap_or(i64::MAX);
        Self { pool, project, task, which, rest: bound(indexes.start)..bound(indexes.end) }
    }

    /// The next ones; none when all are read. Errors once the task is gone.
    pub async fn next(&mut self) -> Result<Vec<Chunk>, Broken> {
        if self.rest.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.read().await?;
        if rows.is_empty() {
            return Err(Broken::Gone);
        }
        let mut chunks = Vec::with_capacity(rows.len());
        for row in rows {
            let Some(first) = row.get::<_, Option<i64>>(0) else { break };
            let end = first + i64::from(row.get::<_, i32>(1));
            self.rest.start = end;
            chunks.push(Chunk {
                indexes: first as u64..end as u64,
                details: read_details(row.get(2)).map_err(|_| Broken::Unreadable)?,
                failed_lines: row.get::<_, Option<Vec<i64>>>(3).unwrap_or_default(),
            });
        }
        Ok(chunks)
    }

    async fn read(&self) -> Result<Vec<tokio_postgres::Row>, pg::Error> {
        let client = self.pool.get().await?;
        let statement = client.prepare_cached(include_str!("details.sql")).await?;
        let (failed, warned) = (self.which == Which::Failed, self.which == Which::Warnings);
        let Range { start, end } = &self.rest;
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 7] =
            [&self.project, &self.task, start, end, &failed, &warned, &CHUNKS];
        Ok(client.query(&statement, &parameters).await?)
    }
}
