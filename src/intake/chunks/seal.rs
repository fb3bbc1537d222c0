//! Compresses and seals chunks.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::order::Ordered;
use super::{Staged, compute};
use crate::seal::TaskKey;
use crate::web;

pub struct Sealer {
    pub project: i32,
    pub task: i64,
    pub key: TaskKey,
}

/// Seals one chunk after the other until no more comes.
pub async fn run(
    sealer: Sealer,
    mut ordered: mpsc::Receiver<Ordered>,
    out: mpsc::Sender<Staged>,
) -> Result<(), web::Error> {
    let sealer = Arc::new(sealer);
    while let Some(chunk) = ordered.recv().await {
        let sealer = sealer.clone();
        let staged = compute(chunk.payload.bytes(), move || sealer.seal(chunk)).await?;
        if out.send(staged).await.is_err() {
            // The copier has failed, and its error ends this one.
            std::future::pending::<()>().await;
        }
    }
    Ok(())
}

impl Sealer {
    fn seal(&self, ordered: Ordered) -> Staged {
        let Ordered { mut payload, first_index, predecessors } = ordered;
        let (chunk, sealed) = payload.finish(&self.key, self.project, self.task, first_index);
        Staged { chunk, sealed, predecessors }
    }
}
