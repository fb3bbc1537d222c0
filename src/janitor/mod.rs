//! What time takes away: uploads that broke off, ended tasks past their retention, payloads that
//! nothing reads any more.
//!
//! A task goes away in one way only: it is marked gone and its key deleted, from which moment
//! nothing reads it; then its chunks are deleted in small batches, and its row last. Any number
//! of janitors may run, one beside each relay; rows that another works on are passed over.

mod store;

use std::time::Duration;

use tokio::time::Instant;

use crate::config::Janitor as Settings;
use crate::pg::{self, Pool};
use crate::shutdown::Shutdown;
use crate::{backoff, metrics};

/// Retention is counted in hours; half a minute more does not matter to anybody.
const PAUSE: Duration = Duration::from_secs(30);

/// How long after a failure no upload is given up: it may have waited for Postgres too, perhaps
/// for one that was promoted, and shows each minute that it lives.
const PATIENCE: Duration = Duration::from_mins(2);

/// What one step did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    pub uploads_abandoned: u64,
    pub tasks_gone: u64,
    pub chunks_deleted: u64,
    pub payloads_shredded: u64,
    pub tasks_deleted: u64,
}

/// Steps every half minute until the process drains.
pub async fn run(pool: Pool, settings: Settings, shutdown: Shutdown) {
    let mut failures = 0;
    let mut failed_at: Option<Instant> = None;
    loop {
        let uploads_too = failed_at.is_none_or(|at| at.elapsed() > PATIENCE);
        let pause = match step(&pool, &settings, uploads_too).await {
            Ok(swept) => {
                if swept != Swept::default() {
                    tracing::info!(?swept, "the janitor took away");
                }
                failures = 0;
                PAUSE
            }
            Err(error) => {
                tracing::warn!(%error, "the janitor comes back later");
                failures += 1;
                failed_at = Some(Instant::now());
                backoff::delay(failures, Duration::from_secs(1), PAUSE)
            }
        };
        tokio::select! {
            () = shutdown.draining() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Takes away whatever is due. `uploads_too` is false for a while after a failure: uploads
/// could not touch their rows either while Postgres was away.
pub async fn step(pool: &Pool, settings: &Settings, uploads_too: bool) -> Result<Swept, pg::Error> {
    let client = pool.get().await?;
    let mut swept = Swept::default();
    if uploads_too {
        swept.uploads_abandoned = store::abandon_uploads(&client).await?;
    }
    swept.tasks_gone = store::retire_tasks(&client, settings.task_retention_seconds).await?;
    swept.payloads_shredded = until_none(|| store::shred_payloads(&client)).await?;
    swept.chunks_deleted = until_none(|| store::delete_chunks(&client)).await?;
    swept.tasks_deleted = until_none(|| store::delete_tasks(&client)).await?;
    metrics::uploads_abandoned(swept.uploads_abandoned);
    metrics::tasks_gone(swept.tasks_gone);
    metrics::chunks_swept(swept.chunks_deleted);
    Ok(swept)
}

/// Repeats a small batch until it finds nothing, and says how much it found.
async fn until_none<F>(batch: impl Fn() -> F) -> Result<u64, pg::Error>
where
    F: Future<Output = Result<u64, pg::Error>>,
{
    let mut all = 0;
    loop {
        match batch().await? {
            0 => return Ok(all),
            some => all += some,
        }
    }
}
