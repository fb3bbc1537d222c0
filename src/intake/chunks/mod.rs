//! From records to chunks in Postgres, in four steps that run beside each other.
//!
//! The reader cuts, a thread of the blocking pool orders, another compresses and seals, and the
//! copier stores. Between two steps wait one or a few chunks, so an upload takes the same memory
//! whatever its length, and is as fast as its slowest step.

mod copy;
mod cut;
mod order;
mod seal;

use tokio::sync::mpsc;

pub use cut::Cutter;

use super::order::{Order, Room};
use super::upload::Upload;
use crate::chunk::ChunkRef;
use crate::import::settings::Settings;
use crate::seal::TaskKey;
use crate::web;

/// Sealed chunks that one transaction may store, and as many more wait for it. They are
/// compressed; four make a commit dear enough to be worth its fsync.
const COPIED_AT_ONCE: usize = 4;

/// A chunk as it is stored.
#[derive(Debug)]
pub struct Staged {
    pub chunk: ChunkRef,
    pub sealed: Vec<u8>,
    /// The first indexes of the chunks that must be applied before it.
    pub predecessors: Vec<i64>,
}

/// What was staged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    pub records: u64,
    pub chunks: u64,
}

/// What the chunks of an upload depend on beside its records.
pub struct Setting {
    pub key: TaskKey,
    pub settings: Settings,
    pub room: Room,
    pub chunk_records: usize,
    pub records_max: u64,
}

/// Stages what `read` pushes. Returns once all of it is committed.
pub async fn stage<R, F>(upload: &Upload, setting: Setting, read: R) -> Result<Count, web::Error>
where
    R: FnOnce(Cutter) -> F,
    F: Future<Output = Result<Count, web::Error>>,
{
    let (cut, to_order) = mpsc::channel(1);
    let (placed, to_seal) = mpsc::channel(1);
    let (staged, to_copy) = mpsc::channel(COPIED_AT_ONCE);
    let cutter = Cutter::new(setting.chunk_records, setting.records_max, cut);
    let orderer = order::Orderer {
        settings: setting.settings,
        order: Order::new(setting.room),
        next_index: 0,
    };
    let sealer = seal::Sealer { project: upload.project, task: upload.task, key: setting.key };
    let (count, (), (), ()) = tokio::try_join!(
        read(cutter),
        order::run(orderer, to_order, placed),
        seal::run(sealer, to_seal, staged),
        copy::run(upload, to_copy),
    )?;
    Ok(count)
}

/// What is computed on a thread that serves; more goes to the blocking pool. Arbitrary, bounded:
/// small enough that no other request notices.
const INLINE_BYTES_MAX: usize = 32 << 10;

/// Computes something of a chunk of so many bytes.
async fn compute<T: Send + 'static>(
    bytes: usize,
    compute: impl FnOnce() -> T + Send + 'static,
) -> Result<T, web::Error> {
    if bytes <= INLINE_BYTES_MAX {
        return Ok(compute());
    }
    // A panic in there was logged by its hook.
    tokio::task::spawn_blocking(compute).await.map_err(|_| web::Error::unexpected())
}
