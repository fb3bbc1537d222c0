//! The worker's loop: take a permit, take a delivery, hand both to a task of their own.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::task::TaskTracker;

use super::Apply;
use super::delivery::handle;
use crate::amqp::{Consumers, Error};
use crate::shutdown::Shutdown;
use crate::{backoff, metrics};

impl Apply {
    /// Consumes until the process drains, then commits what it holds and gives the rest back.
    pub async fn run(self: Arc<Self>, shutdown: Shutdown) {
        let mut failures = 0;
        loop {
            match self.consume(&shutdown, &mut failures).await {
                Ok(()) => return,
                Err(error) => tracing::warn!(%error, "the worker subscribes again"),
            }
            let pause =
                backoff::delay(failures, Duration::from_millis(100), Duration::from_secs(5));
            failures += 1;
            tokio::select! {
                () = shutdown.draining() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn consume(
        self: &Arc<Self>,
        shutdown: &Shutdown,
        failures: &mut u32,
    ) -> Result<(), Error> {
        // As many again wait here unseen as are in work, so that a permit that comes free finds
        // a delivery at once.
        let mut consumers = Consumers::open(&self.broker, self.concurrency as u16).await?;
        metrics::broker_connections("consume", 1);
        tracing::info!(concurrency = self.concurrency, "the worker consumes");
        let unsettled = TaskTracker::new();
        loop {
            tokio::select! {
                biased;
                () = shutdown.draining() => break,
                () = consumers.ready() => {}
            }
            // No permit is held while nothing is there: a suspect needs all of them.
            let permit = tokio::select! {
                biased;
                () = shutdown.draining() => break,
                permit = self.permits.clone().acquire_owned() => permit,
            };
            let permit = permit.expect("the semaphore is never closed");
            // Only now, so that an express delivery that came meanwhile goes first.
            let delivery = consumers.next().await?;
            *failures = 0;
            let (apply, until, token) = (self.clone(), shutdown.clone(), unsettled.token());
            shutdown.spawn(async move {
                apply.gauge();
                handle(&apply, delivery, permit, &until).await;
                apply.gauge();
                drop(token);
            });
        }
        consumers.cancel().await?;
        // The connection stays until everything in work is settled on it.
        unsettled.close();
        unsettled.wait().await;
        Ok(())
    }

    fn gauge(&self) {
        let free = self.permits.available_permits().min(self.concurrency);
        metrics::chunks_in_work((self.concurrency - free) as u64);
    }
}
