//! A task's details as a stream: chunk by chunk, with flat memory, holding no connection while
//! the client is slow to read.
//!
//! A stream whose task goes away breaks off. It never ends well-formed and short.

use bytes::Bytes;
use futures_util::stream::{self, Stream};

use super::filter::Which;
use super::task::Task;
use crate::chunk::read_details;
use crate::pg::{self, Pool};

/// A run of indexes, cut before the filter.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub offset: u64,
    /// No limit if absent.
    pub limit: Option<u64>,
}

/// Chunks read at once. A chunk's details are about 100 KiB compressed; 16 MiB at the very most.
const CHUNKS: i64 = 4;

/// Why a stream breaks off. The client sees the connection end, and nothing of the cause.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    #[error(transparent)]
    Postgres(#[from] pg::Error),
    #[error("the task went away while its details were read")]
    Gone,
    #[error("the details of a chunk cannot be read")]
    Unreadable,
}

impl From<tokio_postgres::Error> for Broken {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error.into())
    }
}

/// Where a stream stands.
struct Cursor {
    pool: Pool,
    project: i32,
    task: i64,
    which: Which,
    /// Indexes asked for.
    from: u64,
    until: u64,
    /// The next chunk's first index.
    next: i64,
    /// Records of chunks seen, and of all that were applied when the stream began.
    seen: u64,
    expected: u64,
    any: bool,
    ended: bool,
}

/// The JSON of the task with its details, in pieces. `head` is the JSON without them.
pub fn stream(
    pool: Pool,
    project: i32,
    task: &Task,
    mut head: Vec<u8>,
    which: Which,
    window: Window,
) -> impl Stream<Item = Result<Bytes, Broken>> + Send + 'static {
    let closed = head.pop();
    debug_assert_eq!(closed, Some(b'}'), "the head is an object");
    head.extend_from_slice(b",\"details\":[");
    let cursor = Cursor {
        pool,
        project,
        task: task.number,
        which,
        from: window.offset,
        until: window.limit.map_or(u64::MAX, |limit| window.offset.saturating_add(limit)),
        next: 0,
        seen: 0,
        expected: task.done(),
        any: false,
        ended: false,
    };
    stream::try_unfold((Some(head), cursor), |(head, mut cursor)| async move {
        if let Some(head) = head {
            return Ok(Some((Bytes::from(head), (None, cursor))));
        }
        let piece = cursor.piece().await.inspect_err(|error| {
            tracing::warn!(%error, "a stream of details breaks off");
        })?;
        Ok(piece.map(|piece| (Bytes::from(piece), (None, cursor))))
    })
}

impl Cursor {
    /// The next piece; `None` after the last.
    async fn piece(&mut self) -> Result<Option<Vec<u8>>, Broken> {
        if self.ended {
            return Ok(None);
        }
        let mut piece = Vec::new();
        let rows = self.read().await?;
        let short = (rows.len() as i64) < CHUNKS;
        for row in rows {
            self.append(&row, &mut piece)?;
        }
        if short {
            if self.seen != self.expected {
                return Err(Broken::Gone);
            }
            piece.extend_from_slice(b"]}");
            self.ended = true;
        }
        Ok(Some(piece))
    }

    async fn read(&self) -> Result<Vec<tokio_postgres::Row>, pg::Error> {
        let client = self.pool.get().await?;
        let statement = client.prepare_cached(include_str!("details.sql")).await?;
        Ok(client.query(&statement, &[&self.project, &self.task, &self.next, &CHUNKS]).await?)
    }

    fn append(&mut self, row: &tokio_postgres::Row, piece: &mut Vec<u8>) -> Result<(), Broken> {
        let first: i64 = row.get(0);
        let count: i32 = row.get(1);
        let end = first + i64::from(count);
        self.next = end;
        self.seen += count as u64;
        let wanted = match self.which {
            Which::All => true,
            Which::Failed => row.get::<_, i32>(3) > 0,
            Which::Warnings => row.get::<_, i32>(4) > 0,
            Which::None => false,
        };
        if !wanted || end as u64 <= self.from || first as u64 >= self.until {
            return Ok(());
        }
        let mut details = read_details(row.get(2)).map_err(|_| Broken::Unreadable)?;
        let whole = first as u64 >= self.from && end as u64 <= self.until;
        if !(whole && self.which == Which::All) {
            details = self.which.pick(&details, self.from, self.until).ok_or(Broken::Unreadable)?;
        }
        if !details.is_empty() {
            if self.any {
                piece.push(b',');
            }
            self.any = true;
            piece.append(&mut details);
        }
        Ok(())
    }
}
