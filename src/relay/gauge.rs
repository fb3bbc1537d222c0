//! What waits to be published, measured for operators and for autoscaling.

use std::time::Duration;

use crate::metrics;
use crate::pg::{self, Pool};
use crate::shutdown::Shutdown;

/// Prometheus looks every 15 s or so; more often would only cost.
const PAUSE: Duration = Duration::from_secs(10);

/// Measures until the process drains.
pub async fn gauge(pool: Pool, shutdown: Shutdown) {
    loop {
        match measure(&pool).await {
            Ok((due, oldest_seconds)) => {
                metrics::due_chunks(due as u64);
                metrics::oldest_due_seconds(oldest_seconds as u64);
            }
            Err(error) => tracing::debug!(%error, "due chunks were not measured"),
        }
        tokio::select! {
            () = shutdown.draining() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

async fn measure(pool: &Pool) -> Result<(i64, f64), pg::Error> {
    let client = pool.get().await?;
    let statement = client.prepare_cached(include_str!("due.sql")).await?;
    let row = client.query_one(&statement, &[]).await?;
    Ok((row.get(0), row.get(1)))
}
