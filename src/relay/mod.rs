//! Stage two: chunks that are due become messages that the broker has taken.
//!
//! One code path for the first publication, for retry and for recovery: a row that is due. The
//! broker holds a bounded working set and the backlog waits in Postgres, so a broker that loses
//! everything costs a lease, and workers that are away cause no storm of copies. Any number of
//! relays may run. Nothing else publishes.

mod claim;
mod gauge;
mod publish;
mod step;
mod window;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

pub use claim::{Claimed, claim};
pub use gauge::gauge;
pub use step::{Progress, step};

use crate::amqp::Publisher;
use crate::config::{Broker, Relay as Settings};
use crate::pg::Pool;
use crate::shutdown::Shutdown;
use crate::{backoff, metrics, telemetry};

/// While tasks are open, how long until the window is looked at again.
const BUSY: Duration = Duration::from_millis(20);
/// While nothing is open, how long until somebody else's task would be noticed.
const IDLE: Duration = Duration::from_secs(1);

/// What a relay works with.
#[derive(Debug, Clone)]
pub struct Relay {
    pub pool: Pool,
    pub broker: Broker,
    pub settings: Settings,
    /// Poked by intake when a task is received. It carries no data: losing it costs latency.
    pub poke: Arc<Notify>,
}

impl Relay {
    /// Publishes what is due until the process drains. A lost broker or database is waited for.
    pub async fn run(self, shutdown: Shutdown) {
        let mut failures = 0;
        while !shutdown.is_draining() {
            match self.serve(&shutdown, &mut failures).await {
                Ok(()) => return,
                Err(error) => {
                    metrics::relay_errors(error.cause(), 1);
                    tracing::warn!(%error, "the relay starts over");
                }
            }
            let pause =
                backoff::delay(failures, Duration::from_millis(100), Duration::from_secs(5));
            failures += 1;
            tokio::select! {
                () = shutdown.draining() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn serve(&self, shutdown: &Shutdown, failures: &mut u32) -> Result<(), step::Error> {
        let publisher = Publisher::open(&self.broker).await?;
        metrics::broker_connections("publish", 1);
        loop {
            let pause = match step(self, &publisher).await? {
                Progress::Full => Duration::ZERO,
                Progress::Open => BUSY,
                Progress::Idle => IDLE,
            };
            *failures = 0;
            tokio::select! {
                () = shutdown.draining() => return Ok(()),
                () = self.poke.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }
}

/// The span of one publication: in the trace of the request that brought the task.
fn publish_span(claimed: &Claimed, traceparent: Option<&str>) -> tracing::Span {
    let span = tracing::info_span!(
        "relay.publish",
        otel.kind = "producer",
        messaging.system = "rabbitmq",
        messaging.operation.type = "send",
        import.project = claimed.project,
        import.task = claimed.task,
        import.first_index = claimed.first_index,
        import.record_count = claimed.record_count,
        import.published = claimed.published,
    );
    telemetry::accept_parent(&span, traceparent);
    span
}
