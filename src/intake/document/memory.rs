//! The memory that all JSON bodies of the process share.
//!
//! A body takes as it grows, so that a slow caller blocks no more than it has sent. Taking while
//! holding could block all for ever; therefore room for one largest body is set apart, and goes
//! to one body after another once the rest is used up.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Arbitrary; small enough that rounding up wastes little.
const UNIT_BYTES: u64 = 16 << 10;

#[derive(Debug, Clone)]
pub struct BodyMemory {
    common: Arc<Semaphore>,
    /// One permit: the room for one largest body.
    reserve: Arc<Semaphore>,
}

/// What one body has taken; given back on drop.
#[derive(Debug)]
pub struct Held {
    memory: BodyMemory,
    common: Option<OwnedSemaphorePermit>,
    reserve: Option<OwnedSemaphorePermit>,
}

impl BodyMemory {
    /// Of `bytes` together and `body_bytes_max` a body; the config sees to it that the one is not
    /// smaller than the other.
    pub fn new(bytes: u64, body_bytes_max: u64) -> Self {
        let common = bytes.saturating_sub(body_bytes_max) / UNIT_BYTES;
        let common = usize::try_from(common).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self { common: Arc::new(Semaphore::new(common)), reserve: Arc::new(Semaphore::new(1)) }
    }

    pub fn hold_nothing(&self) -> Held {
        Held { memory: self.clone(), common: None, reserve: None }
    }
}

impl Held {
    /// Returns once the body may be this large.
    pub async fn grow_to(&mut self, bytes: usize) {
        if self.reserve.is_some() {
            return;
        }
        let has = self.common.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more = (bytes as u64).div_ceil(UNIT_BYTES).saturating_sub(has as u64) as u32;
        tokio::select! {
            biased;
            more = self.memory.common.clone().acquire_many_owned(more) => {
                let more = more.expect("the semaphore is never closed");
                match &mut self.common {
                    Some(common) => common.merge(more),
                    none => *none = Some(more),
                }
            }
            reserve = self.memory.reserve.clone().acquire_owned() => {
                self.reserve = Some(reserve.expect("the semaphore is never closed"));
                self.common = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const UNIT: usize = UNIT_BYTES as usize;

    async fn would_wait(held: &mut Held, bytes: usize) -> bool {
        tokio::time::timeout(Duration::from_millis(20), held.grow_to(bytes)).await.is_err()
    }

    #[tokio::test]
    async fn bodies_grow_until_all_is_taken_and_then_one_after_another() {
        let memory = BodyMemory::new(6 * UNIT_BYTES, 4 * UNIT_BYTES);
        let [mut a, mut b, mut c] = [(); 3].map(|()| memory.hold_nothing());
        assert!(!would_wait(&mut a, UNIT).await);
        assert!(!would_wait(&mut b, UNIT).await);
        // The common part is used up: `a` gets the reserve, and what it had is free again.
        assert!(!would_wait(&mut a, 4 * UNIT).await);
        assert!(!would_wait(&mut c, UNIT).await);
        assert!(would_wait(&mut b, 2 * UNIT).await);
        drop(a);
        assert!(!would_wait(&mut b, 4 * UNIT).await);
    }

    #[tokio::test]
    async fn all_comes_back() {
        let memory = BodyMemory::new(4 * UNIT_BYTES, 2 * UNIT_BYTES);
        for _ in 0..3 {
            let mut held = memory.hold_nothing();
            held.grow_to(2 * UNIT).await;
            held.grow_to(2 * UNIT + 1).await;
        }
        assert_eq!((memory.common.available_permits(), memory.reserve.available_permits()), (2, 1));
    }

    #[tokio::test]
    async fn where_one_body_may_take_all_there_is_no_common_part() {
        let memory = BodyMemory::new(UNIT_BYTES, UNIT_BYTES);
        let [mut a, mut b] = [(); 2].map(|()| memory.hold_nothing());
        assert!(!would_wait(&mut a, UNIT).await);
        assert!(would_wait(&mut b, 1).await);
    }
}
