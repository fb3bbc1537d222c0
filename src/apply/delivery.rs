//! One delivery, from the broker's hand to its settling.

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::sync::OwnedSemaphorePermit;
use tracing::Instrument;

use super::attempt::{Aim, Done, attempt, chunk_ref};
use super::disposition::{self, Disposition};
use super::split::split_refused;
use super::suspect::{DEADLINE, attempt_alone};
use super::{Apply, Error};
use crate::amqp::{ChunkMessage, Delivery};
use crate::shutdown::Shutdown;
use crate::{backoff, metrics, telemetry};

/// What the broker is told of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settle {
    Ack,
    Reject,
    GiveBack,
}

impl Apply {
    /// Works on a chunk until there is something to tell the broker; waits for a permit first.
    ///
    /// The whole of what a worker does with a message, whoever handed it over.
    pub async fn settle(
        &self,
        message: &ChunkMessage,
        redelivered: bool,
        shutdown: &Shutdown,
    ) -> Settle {
        let permit = self.permits.clone().acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        work_off(self, message, redelivered, permit, shutdown).await
    }
}

/// Works on a delivery until it is settled. A word to the broker that is lost costs nothing: the
/// message comes again, and the fence finds the chunk applied.
pub async fn handle(
    apply: &Apply,
    delivery: Delivery,
    permit: OwnedSemaphorePermit,
    shutdown: &Shutdown,
) {
    if delivery.redelivered {
        metrics::redeliveries(1);
    }
    let settle = match &delivery.message {
        Ok(message) => work_off(apply, message, delivery.redelivered, permit, shutdown).await,
        Err(error) => {
            tracing::error!(%error, "a message cannot be read; it goes to the dead letters");
            Settle::Reject
        }
    };
    let told = match settle {
        Settle::Ack => delivery.ack().await,
        Settle::Reject => {
            metrics::deliveries_rejected(1);
            delivery.reject().await
        }
        Settle::GiveBack => delivery.give_back().await,
    };
    if let Err(error) = told {
        tracing::debug!(%error, "the broker was not told; it will hand the message out again");
    }
}

async fn work_off(
    apply: &Apply,
    message: &ChunkMessage,
    redelivered: bool,
    permit: OwnedSemaphorePermit,
    shutdown: &Shutdown,
) -> Settle {
    let suspect = redelivered || message.published > 1;
    let run = Run { apply, message, permit: Some(permit), suspect, races: 0, failures: 0 };
    run.until_settled(shutdown).instrument(span(message, redelivered)).await
}

fn span(message: &ChunkMessage, redelivered: bool) -> tracing::Span {
    let span = tracing::info_span!(
        "chunk.apply",
        otel.kind = "consumer",
        messaging.system = "rabbitmq",
        messaging.operation.type = "process",
        import.project = message.project,
        import.task = message.task,
        import.first_index = message.first_index,
        import.record_count = message.record_count,
        import.published = message.published,
        import.redelivered = redelivered,
    );
    telemetry::accept_parent(&span, message.traceparent.as_deref());
    span
}

struct Run<'a> {
    apply: &'a Apply,
    message: &'a ChunkMessage,
    /// Held while the chunk is worked on, and not while it waits.
    permit: Option<OwnedSemaphorePermit>,
    suspect: bool,
    races: u32,
    failures: u32,
}

impl Run<'_> {
    async fn until_settled(mut self, shutdown: &Shutdown) -> Settle {
        loop {
            let began = Instant::now();
            let error = match self.try_once().await {
                Ok(Some(done)) => {
                    match done {
                        Done::Applied(way) => {
                            metrics::chunk_seconds(way.as_str(), began.elapsed());
                        }
                        Done::Nothing => metrics::stale_deliveries(1),
                        Done::Split => {}
                    }
                    return Settle::Ack;
                }
                Ok(None) => {
                    self.suspect = true;
                    continue;
                }
                Err(error) => error,
            };
            if let Some(settle) = self.after(&error).await {
                return settle;
            }
            if shutdown.is_draining() {
                return Settle::GiveBack;
            }
            self.pause(shutdown, disposition::of(&error, self.races)).await;
        }
    }

    async fn try_once(&mut self) -> Result<Option<Done>, Error> {
        if self.suspect {
            self.permit = None;
            let alone = AssertUnwindSafe(attempt_alone(self.apply, self.message));
            return alone.catch_unwind().await.unwrap_or(Err(Error::Panicked)).map(Some);
        }
        if self.permit.is_none() {
            let permit = self.apply.permits.clone().acquire_owned().await;
            self.permit = Some(permit.expect("the semaphore is never closed"));
        }
        let work = AssertUnwindSafe(attempt(self.apply, self.message, Aim::Apply)).catch_unwind();
        match tokio::time::timeout(DEADLINE, work).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(Error::Panicked),
            Err(_) => Err(Error::Deadline),
        }
    }

    /// What an error calls for beside a pause.
    async fn after(&mut self, error: &Error) -> Option<Settle> {
        match disposition::of(error, self.races + 1) {
            Disposition::Quickly => {
                self.races += 1;
                metrics::races(1);
            }
            Disposition::Later => metrics::transient_retries(1),
            Disposition::WrongSchema => {
                tracing::error!(%error, "the schema is not what this release expects; run `user-import migrate`");
            }
            Disposition::Suspect => {
                tracing::warn!(%error, chunk = ?chunk_ref(self.message), "the chunk is under suspicion");
                self.suspect = true;
            }
            Disposition::Reject => {
                tracing::error!(%error, chunk = ?chunk_ref(self.message), "the message goes to the dead letters");
                return Some(Settle::Reject);
            }
            Disposition::Split => return self.split(error).await,
        }
        None
    }

    async fn split(&mut self, error: &Error) -> Option<Settle> {
        tracing::warn!(%error, chunk = ?chunk_ref(self.message), "the database refuses the chunk");
        let result = if self.message.record_count == 1 {
            attempt(self.apply, self.message, Aim::Condemn).await.map(drop)
        } else {
            split_refused(self.apply, self.message).await
        };
        match result {
            Ok(()) => Some(Settle::Ack),
            Err(error) => {
                tracing::warn!(%error, "the chunk could not be split yet");
                None
            }
        }
    }

    async fn pause(&mut self, shutdown: &Shutdown, why: Disposition) {
        let (first, most) = match why {
            // Long enough for the other task to commit.
            Disposition::Quickly => (Duration::from_millis(10), Duration::from_millis(100)),
            _ => (Duration::from_millis(100), Duration::from_secs(5)),
        };
        self.failures += 1;
        self.permit = None;
        let pause = backoff::delay(self.failures, first, most);
        tokio::select! {
            () = shutdown.draining() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}
