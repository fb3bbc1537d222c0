//! What is said of a chunk's records: their details, and their part of the summary.

use crate::chunk::{ChunkRef, Details, DetailsWriter, Entry, Kind, Payload};
use crate::import::outcome::{Outcome, Verdict};

/// What is said of a chunk's records.
#[derive(Default)]
pub struct Told {
    pub details: Details,
    pub counts: Counts,
    /// Where the failed records stand in the file; `None` where lines mean nothing or none failed.
    pub failed_lines: Option<Vec<i64>>,
}

/// A chunk's part of the summary.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub inserted: i64,
    pub updated: i64,
    pub skipped: i64,
    pub failed: i64,
}

/// What may be shown of a record.
pub enum Echo {
    None,
    AsSent,
    Rewritten(String),
}

pub fn tell(payload: &Payload, echoes: &[Echo], chunk: &ChunkRef, verdicts: &[Verdict]) -> Told {
    let mut teller = Teller::new(chunk, payload);
    for ((entry, echo), verdict) in payload.entries().zip(echoes).zip(verdicts) {
        teller.tell(&entry, echo, verdict);
    }
    teller.finish()
}

/// Writes what is said of records, in index order.
pub struct Teller {
    index: i64,
    details: DetailsWriter,
    counts: Counts,
    failed_lines: Vec<i64>,
}

impl Teller {
    pub fn new(chunk: &ChunkRef, payload: &Payload) -> Self {
        let details = DetailsWriter::with_capacity(chunk.record_count as usize, payload.bytes());
        let (counts, failed_lines) = (Counts::default(), Vec::new());
        Self { index: chunk.first_index, details, counts, failed_lines }
    }

    pub fn tell(&mut self, entry: &Entry<'_>, echo: &Echo, verdict: &Verdict) {
        let echo = match (echo, entry.kind) {
            (Echo::AsSent, Kind::Json(json)) => Some(json),
            (Echo::Rewritten(text), _) => Some(text.as_bytes()),
            _ => None,
        };
        self.details.push(self.index, echo, verdict);
        self.index += 1;
        if verdict.outcome == Outcome::Failed && entry.line > 0 {
            self.failed_lines.push(entry.line as i64);
        }
        *match verdict.outcome {
            Outcome::Inserted => &mut self.counts.inserted,
            Outcome::Updated => &mut self.counts.updated,
            Outcome::Skipped => &mut self.counts.skipped,
            Outcome::Failed => &mut self.counts.failed,
        } += 1;
    }

    pub fn finish(self) -> Told {
        let failed_lines = Some(self.failed_lines).filter(|lines| !lines.is_empty());
        Told { details: self.details.finish(), counts: self.counts, failed_lines }
    }
}
