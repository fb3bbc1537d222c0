//! What a caller is told of its task.

use jiff::Timestamp;
use serde::Serialize;

use super::store::Known;
use super::upload::Upload;
use crate::import::task::Status;

#[derive(Debug, Serialize)]
pub struct Answer {
    id: String,
    created_at: Timestamp,
    status: Status,
}

impl Answer {
    pub fn of(received: &Upload) -> Self {
        Self { id: received.id.clone(), created_at: received.created_at, status: Status::Pending }
    }
}

impl From<Known> for Answer {
    fn from(known: Known) -> Self {
        Self { id: known.id, created_at: known.created_at, status: known.status }
    }
}
