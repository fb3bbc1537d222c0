//! What waits, measured for operators and for autoscaling.

use std::time::Duration;

use crate::metrics;
use crate::pg::{self, Client, Pool};
use crate::shutdown::Shutdown;

/// Prometheus looks every 15 s or so; more often would only cost.
const PAUSE: Duration = Duration::from_secs(10);

/// Measures until the process drains.
pub async fn gauge(pool: Pool, shutdown: Shutdown) {
    loop {
        match measure(&pool).await {
            Ok([due, open]) => {
                metrics::due_chunks(due.count as u64);
                metrics::oldest_due_seconds(due.oldest_seconds as u64);
                metrics::open_tasks(open.count as u64);
                metrics::oldest_open_task_seconds(open.oldest_seconds as u64);
            }
            Err(error) => tracing::debug!(%error, "what waits was not measured"),
        }
        tokio::select! {
            () = shutdown.draining() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// How many wait, and for how long the first of them has.
struct Waiting {
    count: i64,
    oldest_seconds: f64,
}

/// Due chunks, then open tasks.
async fn measure(pool: &Pool) -> Result<[Waiting; 2], pg::Error> {
    let client = pool.get().await?;
    let due = waiting(&client, include_str!("due.sql")).await?;
    let open = waiting(&client, include_str!("open.sql")).await?;
    Ok([due, open])
}

async fn waiting(client: &Client, statement: &str) -> Result<Waiting, pg::Error> {
    let statement = client.prepare_cached(statement).await?;
    let row = client.query_one(&statement, &[]).await?;
    Ok(Waiting { count: row.get(0), oldest_seconds: row.get(1) })
}
