//! A task as the API answers it.

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::import::task::{Status, Summary};

/// What this client reads of a task; `answer` is the whole as it came, for whoever wants JSON.
#[derive(Debug)]
pub struct Task {
    pub answer: Box<RawValue>,
    pub read: Read,
}

#[derive(Debug, Deserialize)]
pub struct Read {
    pub id: String,
    pub status: Status,
    pub created_at: Timestamp,
    pub completed_at: Option<Timestamp>,
    /// Not in the answer to a submission.
    #[serde(default)]
    pub summary: Summary,
}

impl Task {
    pub fn read(answer: Box<RawValue>) -> Result<Self> {
        let read = serde_json::from_str(answer.get()).context(
            "the answer is no task; is USER_IMPORT_URL the address of a user-import API?",
        )?;
        Ok(Self { answer, read })
    }

    pub fn is_pending(&self) -> bool {
        self.read.status == Status::Pending
    }

    /// From the request to the end, as the server's clock has it.
    pub fn seconds(&self) -> Option<f64> {
        let ended = self.read.completed_at?;
        Some(ended.duration_since(self.read.created_at).as_secs_f64())
    }

    pub fn records_per_second(&self) -> Option<f64> {
        self.seconds()
            .filter(|seconds| *seconds > 0.0)
            .map(|seconds| done(&self.read.summary) as f64 / seconds)
    }
}

/// How many records have their outcome.
pub fn done(summary: &Summary) -> u64 {
    summary.inserted + summary.updated + summary.skipped + summary.failed
}
