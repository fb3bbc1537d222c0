//! Stage three: one delivery becomes one committed transaction.
//!
//! Everything a chunk changes (users, details, the task's counts) commits together, and only
//! then is the delivery acknowledged. A crash on either side of the commit leaves nothing to
//! repair: before it, Postgres rolls back and the broker redelivers; after it, the redelivery
//! finds the chunk applied.

mod attempt;
mod columns;
mod consume;
mod copy;
mod delivery;
mod disposition;
mod error;
mod fence;
mod identifiers;
mod ids;
mod judge;
mod literal;
mod probe;
mod rows;
mod split;
mod suspect;
mod tell;
mod way;
mod work;
mod write;

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::config::{Broker, Worker as Settings};
use crate::pg::Pool;
use crate::seal::MasterKeys;

pub use delivery::Settle;
pub use error::Error;

/// What a worker works with. Cheap to share: every delivery holds it.
pub struct Apply {
    pool: Pool,
    broker: Broker,
    master_keys: Arc<MasterKeys>,
    /// One permit a chunk in work; a suspect takes all of them.
    permits: Arc<Semaphore>,
    concurrency: usize,
    /// Starts that ended with a worker's death, after which a chunk is cut.
    chunk_attempts: i32,
    ways: way::Ways,
}

impl Apply {
    pub fn new(
        pool: Pool,
        broker: Broker,
        master_keys: Arc<MasterKeys>,
        settings: &Settings,
    ) -> Self {
        let concurrency = settings.concurrency();
        Self {
            pool,
            broker,
            master_keys,
            permits: Arc::new(Semaphore::new(concurrency)),
            concurrency,
            chunk_attempts: settings.chunk_attempts as i32,
            ways: way::Ways::default(),
        }
    }
}
