//! What all order maps of the process may hold together, in memory and on disk.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Of one kind of room. Cheap to clone: all clones share it.
#[derive(Debug, Clone)]
pub struct Budget {
    bytes: u64,
    left: Arc<AtomicU64>,
}

impl Budget {
    pub fn new(bytes: u64) -> Self {
        Self { bytes, left: Arc::new(AtomicU64::new(bytes)) }
    }

    /// Takes `bytes` if they are left; whoever took them gives them back.
    #[must_use]
    pub fn take(&self, bytes: u64) -> bool {
        self.left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes))
            .is_ok()
    }

    pub fn give_back(&self, bytes: u64) {
        self.left.fetch_add(bytes, Ordering::Relaxed);
    }

    /// What is taken now.
    pub fn taken(&self) -> u64 {
        self.bytes - self.left.load(Ordering::Relaxed)
    }
}
