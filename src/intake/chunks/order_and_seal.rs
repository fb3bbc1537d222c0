//! Finds out which earlier chunks a chunk waits for, and seals it.

use tokio::sync::mpsc;

use super::Staged;
use super::cut::Cut;
use crate::chunk::{Kind, PayloadWriter};
use crate::import::parse::login_ids;
use crate::import::settings::Settings;
use crate::intake::order::{self, Order};
use crate::seal::TaskKey;
use crate::web;

/// What is sealed on a thread that serves; a larger chunk goes to the blocking pool. Arbitrary,
/// bounded: small enough that no other request notices.
const INLINE_BYTES_MAX: usize = 32 << 10;

pub struct Sealer {
    pub project: i32,
    pub task: i64,
    pub key: TaskKey,
    pub settings: Settings,
    pub order: Order,
    pub next_index: i64,
}

/// Seals one chunk after the other until no more comes.
pub async fn run(
    mut sealer: Sealer,
    mut cuts: mpsc::Receiver<Cut>,
    out: mpsc::Sender<Staged>,
) -> Result<(), web::Error> {
    while let Some(cut) = cuts.recv().await {
        let staged;
        (sealer, staged) = seal(sealer, cut).await?;
        if out.send(staged.map_err(|error| refusal(&error))?).await.is_err() {
            // The copier has failed, and its error ends this one.
            std::future::pending::<()>().await;
        }
    }
    Ok(())
}

async fn seal(
    mut sealer: Sealer,
    cut: Cut,
) -> Result<(Sealer, Result<Staged, order::Error>), web::Error> {
    if cut.payload.bytes() <= INLINE_BYTES_MAX {
        let staged = sealer.seal(cut);
        return Ok((sealer, staged));
    }
    let work = move || {
        let staged = sealer.seal(cut);
        (sealer, staged)
    };
    // A panic in there was logged by its hook.
    tokio::task::spawn_blocking(work).await.map_err(|_| web::Error::unexpected())
}

impl Sealer {
    fn seal(&mut self, cut: Cut) -> Result<Staged, order::Error> {
        let Cut { mut payload, is_only } = cut;
        let predecessors = if is_only { Vec::new() } else { self.order_of(&mut payload)? };
        let (chunk, sealed) = payload.finish(&self.key, self.project, self.task, self.next_index);
        self.next_index += i64::from(chunk.record_count);
        Ok(Staged { chunk, sealed, predecessors })
    }

    /// Marks the records that share a login id with an earlier chunk, and names those chunks.
    fn order_of(&mut self, payload: &mut PayloadWriter) -> Result<Vec<i64>, order::Error> {
        let first_index = u32::try_from(self.next_index).expect("a task has at most 10^9 records");
        let mut chunk = self.order.chunk(first_index);
        let mut shared = Vec::new();
        for (position, entry) in payload.entries().enumerate() {
            if let Kind::Json(json) = entry.kind
                && chunk.note(&login_ids(json, &self.settings))?
            {
                shared.push(position);
            }
        }
        for position in shared {
            payload.mark_shared(position);
        }
        Ok(chunk.predecessors())
    }
}

fn refusal(error: &order::Error) -> web::Error {
    tracing::warn!(%error, "an upload was refused for want of room");
    web::Error::unavailable(
        "the room for large uploads is full at the moment; nothing was imported, and a retry is safe",
        60,
    )
}
