//! The tasks that somebody watches: one looks at each, and all who read share what it saw.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::super::task::Task;
use super::Progress;
use super::pace::{Pace, eta_seconds, rate};
use crate::import::task::Status;
use crate::metrics;
use crate::pg::{self, Pool};
use crate::shutdown::Shutdown;
use crate::web::Error;

/// Four events a second is what the contract allows.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);
/// While Postgres is away.
const AWAY_INTERVAL: Duration = Duration::from_secs(1);
/// Tasks that one process watches. Four looks a second at each are 1,024 reads of one row by its
/// key, a few hundredths of what Postgres does on one core.
const WATCHED_MAX: usize = 256;

/// Cheap to clone: all clones share it.
#[derive(Clone)]
pub struct Watches {
    inner: Arc<Inner>,
}

struct Inner {
    pool: Pool,
    shutdown: Shutdown,
    /// Whoever joins or leaves holds the lock, so nobody joins a watch
    /// that has just decided to end.
    watched: Mutex<Watched>,
}

/// By project and task.
type Watched = HashMap<(i32, i64), watch::Sender<Progress>>;

/// Why a watch ends.
#[derive(Debug, PartialEq, Eq)]
enum End {
    /// The task has ended or is gone.
    Over,
    /// Nobody reads any more.
    Left,
}

/// A task as one look saw it.
pub(super) struct Seen {
    task: Task,
    /// Since it was received, or from there to its end.
    seconds: f64,
}

/// The project's task of that id; none if it is absent or gone.
pub(super) async fn look(pool: &Pool, project: i32, id: &str) -> Result<Option<Seen>, pg::Error> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(include_str!("../watch.sql")).await?;
    let row = client.query_opt(&statement, &[&project, &id]).await?;
    Ok(row.map(|row| Seen { task: Task::from_row(&row), seconds: row.get(10) }))
}

impl Seen {
    fn progress(self, pace: &mut Pace) -> Progress {
        let Self { task, seconds } = self;
        let done = task.done();
        if task.status != Status::Pending {
            return Progress { task, rate: rate(done, seconds), eta_seconds: Some(0) };
        }
        let rate = pace.see(seconds, done);
        let eta_seconds = eta_seconds(task.summary.total.saturating_sub(done), rate);
        Progress { task, rate, eta_seconds }
    }

    /// Takes the place of an older state, for whoever joins may have seen this one elsewhere.
    /// The pace is left to the next look.
    fn replaces(self, before: &mut Progress) -> bool {
        let is_newer = self.task.done() > before.task.done() || self.task.status != Status::Pending;
        if is_newer {
            let left = self.task.summary.total.saturating_sub(self.task.done());
            before.eta_seconds = eta_seconds(left, before.rate);
            before.task = self.task;
        }
        is_newer
    }
}

impl Watches {
    pub fn new(pool: Pool, shutdown: Shutdown) -> Self {
        Self { inner: Arc::new(Inner { pool, shutdown, watched: Mutex::default() }) }
    }

    /// Cancelled when streams must end for the process to stop.
    pub(super) fn stop(&self) -> CancellationToken {
        self.inner.shutdown.drain_token()
    }

    /// The states of a task from `seen` on, of which a receiver holds the last alone.
    pub(super) fn join(
        &self,
        project: i32,
        seen: Seen,
    ) -> Result<watch::Receiver<Progress>, Error> {
        let key = (project, seen.task.number);
        let mut watched = self.inner.lock();
        if let Some(sender) = watched.get(&key) {
            sender.send_if_modified(|before| seen.replaces(before));
            return Ok(sender.subscribe());
        }
        let mut pace = Pace::default();
        let progress = seen.progress(&mut pace);
        let (id, has_ended) = (progress.task.id.clone(), progress.has_ended());
        let (sender, receiver) = watch::channel(progress);
        if has_ended {
            return Ok(receiver);
        }
        if watched.len() >= WATCHED_MAX {
            return Err(Error::unavailable(
                "this process watches as many tasks as it may; a retry is safe, and the task's status can be asked for meanwhile",
                5,
            ));
        }
        watched.insert(key, sender);
        metrics::tasks_watched(watched.len() as u64);
        drop(watched);
        let inner = self.inner.clone();
        self.inner.shutdown.spawn(async move {
            let draining = inner.shutdown.drain_token();
            let end = draining.run_until_cancelled(inner.watch(key, &id, pace)).await;
            // What is left is forgotten already, and may be watched anew.
            if end != Some(End::Left) {
                Inner::forget(key, &mut inner.lock());
            }
        });
        Ok(receiver)
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().expect("nothing panics while it holds this")
    }

    async fn watch(&self, key: (i32, i64), id: &str, mut pace: Pace) -> End {
        let mut interval = LOOK_INTERVAL;
        loop {
            tokio::time::sleep(interval).await;
            if self.is_left(key) {
                return End::Left;
            }
            match look(&self.pool, key.0, id).await {
                Ok(Some(seen)) => {
                    interval = LOOK_INTERVAL;
                    if self.tell(key, seen.progress(&mut pace)) {
                        return End::Over;
                    }
                }
                // Gone: the streams break off, for the end of the task was another one.
                Ok(None) => return End::Over,
                Err(error) => {
                    if interval == LOOK_INTERVAL {
                        tracing::warn!(%error, "a watched task cannot be looked at");
                    }
                    interval = AWAY_INTERVAL;
                }
            }
        }
    }

    /// Forgets the watch that nobody reads, and says whether it did.
    fn is_left(&self, key: (i32, i64)) -> bool {
        let mut watched = self.lock();
        let is_left = watched.get(&key).is_none_or(|sender| sender.receiver_count() == 0);
        if is_left {
            Self::forget(key, &mut watched);
        }
        is_left
    }

    /// Hands the state to all who read; says whether it is the last one. A state that differs by
    /// its rate alone wakes nobody.
    fn tell(&self, key: (i32, i64), now: Progress) -> bool {
        let has_ended = now.has_ended();
        if let Some(sender) = self.lock().get(&key) {
            sender.send_if_modified(|before| {
                let moved = before.task.status != now.task.status
                    || before.task.summary != now.task.summary;
                *before = now;
                moved
            });
        }
        has_ended
    }

    /// Whoever reads has the last state, and learns that no other follows.
    fn forget(key: (i32, i64), watched: &mut Watched) {
        watched.remove(&key);
        metrics::tasks_watched(watched.len() as u64);
    }
}
