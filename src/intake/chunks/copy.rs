//! Stores sealed chunks in short transactions.

use std::time::Duration;

use tokio::sync::mpsc;

use super::{COPIED_AT_ONCE, Staged};
use crate::failpoint;
use crate::intake::receive::given_up;
use crate::intake::store;
use crate::intake::upload::Upload;
use crate::pg;
use crate::web;

/// An upload that sends less than a chunk still shows that it lives; the janitor waits ten
/// minutes.
const TOUCH_EVERY: Duration = Duration::from_secs(30);

/// Stores what comes until no more comes.
pub async fn run(upload: &Upload, mut chunks: mpsc::Receiver<Staged>) -> Result<(), web::Error> {
    let mut batch = Vec::with_capacity(COPIED_AT_ONCE);
    loop {
        let received =
            tokio::time::timeout(TOUCH_EVERY, chunks.recv_many(&mut batch, COPIED_AT_ONCE)).await;
        if received == Ok(0) {
            return Ok(());
        }
        // Empty after a timeout: then this only touches.
        if !copy(upload, &batch).await? {
            tracing::warn!(task = %upload.id, "an upload goes on that was given up");
            return Err(given_up());
        }
        if !batch.is_empty() {
            failpoint::pass("intake.after_chunks").await.map_err(pg::Error::from)?;
        }
        batch.clear();
    }
}

/// False: the upload was given up meanwhile.
async fn copy(upload: &Upload, chunks: &[Staged]) -> Result<bool, pg::Error> {
    let mut client = upload.pool.get().await?;
    let transaction = pg::begin(&mut client, store::LIMITS).await?;
    // First, so that it holds the row: whoever gives the upload up waits for these chunks, and
    // finds them.
    if !store::touch(&transaction, upload.project, upload.task).await? {
        return Ok(false);
    }
    if !chunks.is_empty() {
        store::copy_chunks(&transaction, chunks).await?;
        store::insert_waits(&transaction, upload.project, upload.task, chunks).await?;
    }
    transaction.commit().await?;
    Ok(true)
}
