//! Signals, the drain, the abort, and who is still running.
//!
//! Everything that runs beside the main future is spawned here, so that a stop can say whom it
//! waits for. The first SIGTERM or SIGINT asks everybody to finish what they hold; a second one,
//! or the end of the grace, aborts.

use std::future::Future;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Signals this close together are one: `timeout`, shells and process managers signal a process
/// and then its group.
const SAME_STOP: Duration = Duration::from_millis(500);

/// Cheap to clone: everybody holds one.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    drain: CancellationToken,
    abort: CancellationToken,
    tasks: TaskTracker,
}

impl Shutdown {
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs until it ends by itself or the process aborts. Who runs longer than a moment looks
    /// at [`Self::draining`].
    pub fn spawn<F>(&self, future: F) -> JoinHandle<Option<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let abort = self.abort.clone();
        let bounded = async move { abort.run_until_cancelled(future).await };
        #[expect(clippy::disallowed_methods, reason = "the one place that spawns")]
        tokio::spawn(self.tasks.track_future(bounded))
    }

    /// Returns once everybody is asked to finish what they hold and take nothing new.
    pub async fn draining(&self) {
        self.drain.cancelled().await;
    }

    pub fn is_draining(&self) -> bool {
        self.drain.is_cancelled()
    }

    /// A token that is cancelled when the drain begins.
    pub fn drain_token(&self) -> CancellationToken {
        self.drain.clone()
    }

    /// Asks everybody to finish.
    pub fn drain(&self) {
        self.drain.cancel();
    }

    /// Ends everybody at once.
    pub fn abort(&self) {
        self.drain.cancel();
        self.abort.cancel();
    }

    /// Returns true once everybody ended within `grace` of the drain, false after an abort.
    pub async fn finished(&self, grace: Duration) -> bool {
        self.drain.cancelled().await;
        self.tasks.close();
        let clean = tokio::select! {
            biased;
            // First: after an abort everybody has ended too.
            () = self.abort.cancelled() => false,
            () = self.tasks.wait() => true,
            () = tokio::time::sleep(grace) => false,
        };
        self.abort.cancel();
        self.tasks.wait().await;
        clean
    }

    /// Listens for SIGTERM and SIGINT until the process ends.
    pub fn listen_to_signals(&self) -> std::io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let shutdown = self.clone();
        // Not tracked: it outlives the drain to hear the second signal.
        #[expect(clippy::disallowed_methods, reason = "outlives what Shutdown waits for")]
        tokio::spawn(async move {
            for step in [Self::drain, Self::abort] {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                step(&shutdown);
                // What else came in this moment meant the same stop.
                tokio::time::sleep(SAME_STOP).await;
                while tokio::select! {
                    biased;
                    _ = terminate.recv() => true,
                    _ = interrupt.recv() => true,
                    () = std::future::ready(()) => false,
                } {}
            }
        });
        Ok(())
    }
}
