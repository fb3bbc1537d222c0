//! One step of the relay: look at the window, claim, publish. Takes no input but the tables.

use std::time::Instant;

use deadpool_postgres::GenericClient;

use super::{Relay, claim, publish, window};
use crate::amqp::{Lane, Publisher};
use crate::{amqp, failpoint, metrics, pg};

/// What the next step is to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// A window was filled: there may be more, and workers may be faster than we are.
    Full,
    /// Tasks are open: something becomes due as soon as a chunk is applied.
    Open,
    /// Nothing is open.
    Idle,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Postgres(#[from] pg::Error),
    #[error(transparent)]
    Broker(#[from] amqp::Error),
    #[error(
        "the broker did not confirm in time, took nothing, could route nowhere, or the connection to it broke"
    )]
    NotTaken,
}

impl Error {
    /// Who was away.
    pub const fn cause(&self) -> &'static str {
        match self {
            Self::Postgres(_) => "postgres",
            Self::Broker(_) | Self::NotTaken => "broker",
        }
    }
}

impl From<deadpool_postgres::PoolError> for Error {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        Self::Postgres(error.into())
    }
}

/// Claims and publishes once for each lane, express first.
pub async fn step(relay: &Relay, publisher: &Publisher) -> Result<Progress, Error> {
    let began = Instant::now();
    let client = relay.pool.get().await?;
    let (mut full, mut any) = (false, false);
    for lane in Lane::ALL {
        let depth = publisher.depth(lane).await?;
        metrics::queue_ready(lane.as_str(), u64::from(depth.ready));
        metrics::queue_consumers(lane.as_str(), u64::from(depth.consumers));
        let places = window::places(depth, relay.settings.in_flight_chunks);
        if places == 0 {
            continue;
        }
        let lease = relay.settings.chunk_lease_seconds;
        let claimed = claim::claim(&client, lane, places, lease).await?;
        if claimed.is_empty() {
            continue;
        }
        failpoint::pass("relay.after_claim").await.map_err(pg::Error::from)?;
        let again = claimed.iter().filter(|chunk| chunk.published > 1).count();
        metrics::chunks_claimed(claimed.len() as u64);
        metrics::lease_expiries(again as u64);
        full |= claimed.len() as i64 == places;
        any = true;
        if !publish::publish(&client, publisher, lane, &claimed).await? {
            return Err(Error::NotTaken);
        }
    }
    if any {
        metrics::relay_step_seconds(began.elapsed());
    }
    match full {
        true => Ok(Progress::Full),
        false if any_open(&client).await? => Ok(Progress::Open),
        false => Ok(Progress::Idle),
    }
}

async fn any_open(client: &impl GenericClient) -> Result<bool, pg::Error> {
    let statement = client
        .prepare_cached(
            "SELECT EXISTS (SELECT FROM import_task
             WHERE received_at IS NOT NULL AND ended_at IS NULL AND gone_at IS NULL)",
        )
        .await?;
    Ok(client.query_one(&statement, &[]).await?.get(0))
}
