//! A JSON document: read whole, checked as an envelope, then cut into its records.
//!
//! The envelope tells every fault it has at once. Records are not read here, only found: their
//! bytes go on as sent.

mod causes;
mod elements;
mod envelope;
mod memory;
#[cfg(test)]
mod tests;

pub use elements::Elements;
pub use envelope::{Document, Limits};
pub use memory::BodyMemory;

use self::memory::Held;
use super::body::Body;
use crate::web;

/// Grown by doubling from here, so that a small body takes little of the common memory.
const FIRST_BYTES: usize = 64 << 10;

/// Reads a body whole. Waits while other bodies fill the common memory, whose part `held` keeps.
pub async fn read_whole(body: &mut Body, held: &mut Held) -> Result<Vec<u8>, web::Error> {
    let bytes_max = usize::try_from(body.bytes_max()).unwrap_or(usize::MAX);
    let mut whole: Vec<u8> = Vec::new();
    loop {
        let piece = body.piece().await?;
        if piece.is_empty() {
            return Ok(whole);
        }
        let needed = whole.len() + piece.len();
        if needed > whole.capacity() {
            let capacity = needed.max(whole.capacity() * 2).max(FIRST_BYTES).min(bytes_max);
            held.grow_to(capacity).await;
            whole.reserve_exact(capacity - whole.len());
        }
        whole.extend_from_slice(piece);
    }
}
