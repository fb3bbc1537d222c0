//! Finds out which earlier chunks a chunk waits for.

use tokio::sync::mpsc;

use super::compute;
use super::cut::Cut;
use crate::chunk::{Kind, PayloadWriter};
use crate::import::parse::login_ids;
use crate::import::settings::Settings;
use crate::intake::order::{self, Order};
use crate::web;

pub struct Orderer {
    pub settings: Settings,
    pub order: Order,
    pub next_index: i64,
}

/// A chunk that has its place.
pub struct Placed {
    pub payload: PayloadWriter,
    pub first_index: i64,
    /// The first indexes of the chunks that must be applied before it.
    pub predecessors: Vec<i64>,
}

/// Orders one chunk after the other until no more comes.
pub async fn run(
    mut orderer: Orderer,
    mut cuts: mpsc::Receiver<Cut>,
    out: mpsc::Sender<Placed>,
) -> Result<(), web::Error> {
    while let Some(cut) = cuts.recv().await {
        let placed;
        (orderer, placed) = compute(cut.payload.bytes(), move || {
            let placed = orderer.order(cut);
            (orderer, placed)
        })
        .await?;
        if out.send(placed.map_err(|error| refusal(&error))?).await.is_err() {
            // The step behind has failed, and its error ends this one.
            std::future::pending::<()>().await;
        }
    }
    Ok(())
}

impl Orderer {
    fn order(&mut self, cut: Cut) -> Result<Placed, order::Error> {
        let Cut { mut payload, is_only } = cut;
        let predecessors = if is_only { Vec::new() } else { self.order_of(&mut payload)? };
        let first_index = self.next_index;
        self.next_index += payload.len() as i64;
        Ok(Placed { payload, first_index, predecessors })
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
