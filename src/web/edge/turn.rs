//! What the gate and the service of one connection tell each other.
//!
//! hyper reads heads in order and calls the service once for each, so a queue is enough to know
//! which request is one that the gate refused.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::time::Instant;

use crate::web::Error;

#[derive(Clone)]
pub(super) struct Turns {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    /// One for each head that was let through and not yet served.
    announced: VecDeque<Option<Error>>,
    /// Requests whose answers have not been sent to their ends.
    under_way: usize,
    idle_since: Instant,
}

/// A request under way, until it is dropped.
pub(super) struct Turn {
    turns: Turns,
    /// Why the gate refused the head.
    pub refused: Option<Error>,
}

impl Turns {
    pub fn new() -> Self {
        let inner = Inner { announced: VecDeque::new(), under_way: 0, idle_since: Instant::now() };
        Self { inner: Arc::new(Mutex::new(inner)) }
    }

    pub fn announce(&self, refused: Option<Error>) {
        self.lock().announced.push_back(refused);
    }

    /// The turn of the head that was announced first.
    pub fn begin(&self) -> Turn {
        let mut inner = self.lock();
        inner.under_way += 1;
        let refused = inner.announced.pop_front().flatten();
        Turn { turns: self.clone(), refused }
    }

    /// Since when nothing is under way; none while something is.
    pub fn idle_since(&self) -> Option<Instant> {
        let inner = self.lock();
        (inner.under_way == 0 && inner.announced.is_empty()).then_some(inner.idle_since)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().expect("nothing panics while it holds this")
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut inner = self.turns.lock();
        inner.under_way -= 1;
        inner.idle_since = Instant::now();
    }
}
