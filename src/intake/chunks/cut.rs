//! Cuts records into chunks.

use tokio::sync::mpsc;

use super::Count;
use crate::chunk::{Entry, PayloadWriter};
use crate::metrics;
use crate::web;

/// A chunk is cut once it holds so much: a payload has to fit a message, and a worker's memory
/// several times.
const CHUNK_BYTES: usize = 1 << 20;

/// A chunk on its way to be sealed.
pub struct Cut {
    pub payload: PayloadWriter,
    /// The upload has no other chunk, so there is no order to keep.
    pub is_only: bool,
}

pub struct Cutter {
    payload: PayloadWriter,
    count: Count,
    chunk_records: usize,
    records_max: u64,
    out: mpsc::Sender<Cut>,
}

impl Cutter {
    pub(super) fn new(chunk_records: usize, records_max: u64, out: mpsc::Sender<Cut>) -> Self {
        Self {
            payload: PayloadWriter::new(),
            count: Count::default(),
            chunk_records,
            records_max,
            out,
        }
    }

    /// Adds a record. True: the chunk is full, and [`Self::send`] is to be called before the next.
    pub fn push(&mut self, entry: &Entry<'_>) -> Result<bool, web::Error> {
        if self.count.records == self.records_max {
            return Err(crate::intake::too_many_records(self.records_max));
        }
        self.count.records += 1;
        self.payload.push(entry);
        Ok(self.payload.len() == self.chunk_records || self.payload.bytes() >= CHUNK_BYTES)
    }

    /// Sends the chunk on. Waits while the steps behind have enough to do.
    pub async fn send(&mut self) {
        self.hand_over(false).await;
    }

    /// Sends the last chunk.
    pub async fn end(mut self) -> Count {
        if !self.payload.is_empty() {
            self.hand_over(self.count.chunks == 0).await;
        }
        self.count
    }

    async fn hand_over(&mut self, is_only: bool) {
        metrics::intake_records(self.payload.len() as u64);
        self.count.chunks += 1;
        // The next chunk is about as long: memory that grows by doubling is copied again and again.
        let next = PayloadWriter::with_capacity(self.payload.len(), self.payload.bytes() * 9 / 8);
        let payload = std::mem::replace(&mut self.payload, next);
        if self.out.send(Cut { payload, is_only }).await.is_err() {
            // The step behind has failed, and its error ends this one.
            std::future::pending::<()>().await;
        }
    }
}
