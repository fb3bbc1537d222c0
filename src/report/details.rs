//! A task's details as a stream: chunk by chunk, with flat memory, holding no connection while
//! the client is slow to read.
//!
//! A stream whose task goes away breaks off. It never ends well-formed and short.

use std::ops::Range;

use bytes::Bytes;
use futures_util::stream::{self, Stream};

use super::chunks::{Broken, Chunk, Chunks};
use super::filter::Which;

/// The JSON of the task with its details, in pieces. `head` is the JSON without them, and
/// `indexes` is cut before the filter.
pub fn stream(
    chunks: Chunks,
    mut head: Vec<u8>,
    which: Which,
    indexes: Range<u64>,
) -> impl Stream<Item = Result<Bytes, Broken>> + Send + 'static {
    let closed = head.pop();
    debug_assert_eq!(closed, Some(b'}'), "the head is an object");
    head.extend_from_slice(b",\"details\":[");
    let details = Details { chunks, which, indexes, is_first: true, has_ended: false };
    stream::try_unfold((Some(head), details), |(head, mut details)| async move {
        if let Some(head) = head {
            return Ok(Some((Bytes::from(head), (None, details))));
        }
        let piece = details.piece().await.inspect_err(|error| {
            tracing::warn!(%error, "a stream of details breaks off");
        })?;
        Ok(piece.map(|piece| (Bytes::from(piece), (None, details))))
    })
}

struct Details {
    chunks: Chunks,
    which: Which,
    indexes: Range<u64>,
    is_first: bool,
    has_ended: bool,
}

impl Details {
    /// The next piece; `None` after the last.
    async fn piece(&mut self) -> Result<Option<Vec<u8>>, Broken> {
        if self.has_ended {
            return Ok(None);
        }
        let mut piece = Vec::new();
        let chunks = self.chunks.next().await?;
        if chunks.is_empty() {
            piece.extend_from_slice(b"]}");
            self.has_ended = true;
        }
        for chunk in chunks {
            self.append(chunk, &mut piece)?;
        }
        Ok(Some(piece))
    }

    fn append(&mut self, chunk: Chunk, piece: &mut Vec<u8>) -> Result<(), Broken> {
        let Range { start, end } = self.indexes;
        let is_whole = chunk.indexes.start >= start && chunk.indexes.end <= end;
        let mut details = chunk.details;
        if !(is_whole && self.which == Which::All) {
            details = self.which.pick(&details, start, end).ok_or(Broken::Unreadable)?;
        }
        if !details.is_empty() {
            if !self.is_first {
                piece.push(b',');
            }
            self.is_first = false;
            piece.append(&mut details);
        }
        Ok(())
    }
}
