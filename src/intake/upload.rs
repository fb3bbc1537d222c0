//! An upload: a task between its first byte and its last.
//!
//! Dropped before it is received (the caller went away, a record too many, Postgres lost), it is
//! given up at once. Whether it is received is decided by Postgres alone; where the answer to that
//! commit is lost, Postgres is asked.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::store::{self, NewTask, Total};
use super::{Intake, task_id};
use crate::failpoint;
use crate::import::settings::Settings;
use crate::import::task::Options;
use crate::pg::{self, Pool};
use crate::project;
use crate::seal::TaskKey;
use crate::shutdown::Shutdown;
use crate::telemetry;

/// How long Postgres is asked what became of a commit. Longer than its restart after a crash,
/// shorter than a caller waits.
const ASKED_FOR: Duration = Duration::from_secs(10);
const ASKED_EVERY: Duration = Duration::from_millis(250);

pub struct Upload {
    pub project: i32,
    pub task: i64,
    pub id: String,
    pub created_at: Timestamp,
    pub pool: Pool,
    shutdown: Shutdown,
    is_received: bool,
}

/// What is needed to stage for an upload, and to nobody else.
pub struct Opened {
    pub upload: Upload,
    pub key: TaskKey,
    pub settings: Settings,
}

/// How a finish ended that was not simply good.
#[derive(Debug)]
pub enum Unfinished {
    /// Another task holds the idempotency key.
    KeyHeld,
    /// The project has too many tasks, or the upload was given up.
    Refused,
    /// It is no task and will be none.
    Failed(pg::Error),
    /// Postgres is out of reach, and nobody knows.
    Unknown,
}

impl From<pg::Error> for Unfinished {
    fn from(error: pg::Error) -> Self {
        Self::Failed(error)
    }
}

/// `None`: the project has too many tasks.
pub async fn open(
    intake: &Intake,
    project: i32,
    options: Options,
) -> Result<Option<Opened>, pg::Error> {
    let id = task_id::generate();
    let new = NewTask {
        project,
        id: &id,
        options,
        traceparent: telemetry::traceparent(&tracing::Span::current()),
        open_tasks_max: intake.open_tasks_max(),
    };
    let key = TaskKey::generate();
    let mut client = intake.pool.get().await?;
    let transaction = pg::begin(&mut client, store::LIMITS).await?;
    let settings = project::store::settings_for_new_task(&transaction, project).await?;
    let Some((task, created_at)) = store::open_task(&transaction, &new).await? else {
        return Ok(None);
    };
    store::insert_key(&transaction, project, task, &intake.master_keys.wrap(project, task, &key))
        .await?;
    // Before the commit: should its answer be lost, the drop gives up what may be there.
    let upload = Upload {
        project,
        task,
        id,
        created_at,
        pool: intake.pool.clone(),
        shutdown: intake.shutdown.clone(),
        is_received: false,
    };
    transaction.commit().await?;
    failpoint::pass("intake.after_task_row").await?;
    Ok(Some(Opened { upload, key, settings }))
}

impl Upload {
    /// Makes it a task.
    pub async fn finish(&mut self, total: &Total, open_tasks_max: i64) -> Result<(), Unfinished> {
        failpoint::pass("intake.before_finish").await.map_err(pg::Error::from)?;
        let mut client = self.pool.get().await.map_err(pg::Error::from)?;
        let transaction = pg::begin(&mut client, store::LIMITS).await?;
        match store::finish_task(&transaction, self.project, self.task, total, open_tasks_max).await
        {
            Ok(true) => {}
            Ok(false) => return Err(Unfinished::Refused),
            Err(error) if error.class() == pg::Class::UniqueViolation => {
                return Err(Unfinished::KeyHeld);
            }
            Err(error) => return Err(Unfinished::Failed(error)),
        }
        failpoint::pass("intake.before_commit").await.map_err(pg::Error::from)?;
        if let Err(error) = commit(transaction).await {
            self.find_again(error).await?;
        }
        self.is_received = true;
        Ok(())
    }

    /// Returns if it is a task although the answer to its commit was lost. Asking decides it: what
    /// is not received by then is given up.
    async fn find_again(&self, lost: pg::Error) -> Result<(), Unfinished> {
        if !lost.is_transient() {
            return Err(Unfinished::Failed(lost));
        }
        let deadline = Instant::now() + ASKED_FOR;
        loop {
            let asked = ask(&self.pool, self.project, self.task);
            match tokio::time::timeout_at(deadline, asked).await {
                Ok(Ok(true)) => {
                    tracing::info!(task = %self.id, error = %lost, "a lost commit was found again");
                    return Ok(());
                }
                Ok(Ok(false)) => return Err(Unfinished::Failed(lost)),
                Ok(Err(error)) => {
                    tracing::warn!(task = %self.id, %error, "what became of an upload cannot be asked");
                }
                Err(_) => return Err(Unfinished::Unknown),
            }
            tokio::time::sleep(ASKED_EVERY).await;
        }
    }
}

async fn commit(transaction: pg::Transaction<'_>) -> Result<(), pg::Error> {
    transaction.commit().await?;
    failpoint::pass("intake.after_finish").await?;
    Ok(())
}

/// True: it is received. What is not is given up.
async fn ask(pool: &Pool, project: i32, task: i64) -> Result<bool, pg::Error> {
    let client = pool.get().await?;
    if store::abandon_task(&client, project, task).await? {
        return Ok(false);
    }
    store::is_received(&client, project, task).await
}

impl Drop for Upload {
    fn drop(&mut self) {
        if self.is_received {
            return;
        }
        let (pool, project, task, id) =
            (self.pool.clone(), self.project, self.task, std::mem::take(&mut self.id));
        // Where this fails the janitor does it, ten minutes later.
        self.shutdown.spawn(async move {
            if let Err(error) = ask(&pool, project, task).await {
                tracing::warn!(task = %id, %error, "an upload that broke off is left to the janitor");
            }
        });
    }
}
