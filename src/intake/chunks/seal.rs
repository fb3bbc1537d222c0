//! Compresses and seals chunks.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::order::Placed;
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
    mut placed: mpsc::Receiver<Placed>,
    out: mpsc::Sender<Staged>,
) -> Result<(), web::Error> {
    let sealer = Arc::new(sealer);
    while let Some(chunk) = placed.recv().await {
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
    fn seal(&self, placed: Placed) -> Staged {
        let Placed { mut payload, first_index, predecessors } = placed;
        let (chunk, sealed) = payload.finish(&self.key, self.project, self.task, first_index);
        Staged { chunk, sealed, predecessors }
    }
}
