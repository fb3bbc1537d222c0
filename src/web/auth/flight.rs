//! One load at a time, shared by all who wait for it.
//!
//! Whoever asks is served by a load that began after the asking, so that it sees every key that
//! was added before. Those who wait behind a running load are all served by the next one, however
//! many they are: a flood of bad tokens costs one connection to Postgres and no more.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Mutex;

#[derive(Debug, Default)]
pub(super) struct Flight {
    waiting: Mutex<Waiting>,
    landed: tokio::sync::Mutex<Landed>,
}

#[derive(Debug, Default)]
struct Waiting {
    ids: BTreeSet<String>,
    /// The number of the load that began last.
    begun: u64,
}

#[derive(Debug, Default, Clone, Copy)]
struct Landed {
    number: u64,
    ok: bool,
}

/// The load that one waited for failed; the one who ran it has logged why.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failed;

impl Flight {
    /// Returns once a load that began after this call has landed for `ids`. `load` is called with
    /// the ids of all who wait.
    pub async fn join<L, F>(&self, ids: &[String], load: L) -> Result<(), Failed>
    where
        L: FnOnce(Vec<String>) -> F,
        F: Future<Output = bool>,
    {
        let begun_before = self.ask(ids);
        let mut landed = self.landed.lock().await;
        if landed.number <= begun_before {
            let (number, ids) = self.begin(ids);
            *landed = Landed { number, ok: load(ids).await };
        }
        if landed.ok { Ok(()) } else { Err(Failed) }
    }

    fn ask(&self, ids: &[String]) -> u64 {
        let mut waiting = self.waiting.lock().expect("nothing panics while it holds this");
        waiting.ids.extend(ids.iter().cloned());
        waiting.begun
    }

    /// Takes the ids of all who asked so far. The own ones are added again: a load that was
    /// dropped in the middle may have taken them.
    fn begin(&self, ids: &[String]) -> (u64, Vec<String>) {
        let mut waiting = self.waiting.lock().expect("nothing panics while it holds this");
        waiting.begun += 1;
        waiting.ids.extend(ids.iter().cloned());
        (waiting.begun, std::mem::take(&mut waiting.ids).into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::{join, join_all};
    use tokio::sync::Notify;

    use super::*;

    fn id(name: &str) -> Vec<String> {
        vec![name.to_owned()]
    }

    #[tokio::test]
    async fn all_who_wait_behind_a_load_share_the_next_one() {
        let flight = Flight::default();
        let loads = AtomicUsize::new(0);
        let release = Arc::new(Notify::new());
        let first = id("first");
        let first = flight.join(&first, |_| async {
            release.notified().await;
            loads.fetch_add(1, Ordering::SeqCst);
            true
        });
        let others = join_all((0..50).map(|n| {
            let (flight, loads, release) = (&flight, &loads, &release);
            async move {
                release.notify_one();
                flight
                    .join(&id(&format!("p{n:02}")), |ids| async move {
                        assert_eq!(ids.len(), 50);
                        loads.fetch_add(1, Ordering::SeqCst);
                        true
                    })
                    .await
            }
        }));
        let (first, others) = join(first, others).await;
        assert!(first.is_ok() && others.iter().all(Result::is_ok));
        assert_eq!(loads.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_later_caller_is_not_served_by_an_earlier_load() {
        let flight = Flight::default();
        let loads = AtomicUsize::new(0);
        for _ in 0..3 {
            let count = || async { loads.fetch_add(1, Ordering::SeqCst) < 9 };
            flight.join(&id("a"), |_| count()).await.unwrap();
        }
        assert_eq!(loads.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn a_dropped_load_leaves_nobody_behind() {
        let flight = Flight::default();
        let a = id("a");
        let dropped = flight.join(&a, |_| std::future::pending());
        assert!(futures_util::FutureExt::now_or_never(dropped).is_none());
        flight.join(&id("b"), |ids| async move { ids == ["b"] }).await.unwrap();
    }
}
