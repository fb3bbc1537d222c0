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
pub use memory::{BodyMemory, Held};

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

use crate::web;

/// Grown by doubling from here, so that a small body takes little of the common memory.
const FIRST_BYTES: usize = 64 << 10;

/// Reads a body whole. Waits while other bodies fill the common memory, whose part `held` keeps.
pub async fn read_whole(
    mut body: impl AsyncBufRead + Unpin,
    bytes_max: u64,
    held: &mut Held,
) -> Result<Vec<u8>, web::Error> {
    let bytes_max = usize::try_from(bytes_max).unwrap_or(usize::MAX);
    let mut whole: Vec<u8> = Vec::new();
    loop {
        let piece = body.fill_buf().await.map_err(|error| super::body::refusal(&error))?;
        if piece.is_empty() {
            return Ok(whole);
        }
        let needed = whole.len() + piece.len();
        if needed > bytes_max {
            return Err(web::Error::json_too_large(bytes_max as u64));
        }
        if needed > whole.capacity() {
            let capacity = needed.max(whole.capacity() * 2).max(FIRST_BYTES).min(bytes_max);
            held.grow_to(capacity).await;
            whole.reserve_exact(capacity - whole.len());
        }
        whole.extend_from_slice(piece);
        let taken = piece.len();
        body.consume(taken);
    }
}
