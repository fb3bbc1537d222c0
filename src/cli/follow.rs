//! `follow`: watches a task to its end by its events, and says by the exit code how it ended.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::client::{Client, ClientError, ServerArgs, Task, done};
use super::output::{Form, note};
use super::progress::{Progress, Unit};
use super::summary;

const POLL_MIN: Duration = Duration::from_millis(200);
const POLL_MAX: Duration = Duration::from_secs(1);

/// A server that is being replaced is back by then; the import goes on in any case.
const PATIENCE: Duration = Duration::from_mins(5);

/// As shells have it for a program that SIGINT ended.
pub const INTERRUPTED: u8 = 130;

/// Watches a task to its end, with its rate and the time left, then prints the summary
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  user-import follow task_4WZ0V7EPT4GZ2ABVN03QXYZ122W835C1

Exit code: 0 completed without failures, 3 some records failed, 4 cancelled, 130 left with Ctrl-C.")]
pub struct Arguments {
    /// The task
    id: String,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    server: ServerArgs,
}

pub async fn run(args: Arguments) -> Result<ExitCode> {
    let client = Client::new(&args.server)?;
    let first = client.task(&args.id).await?;
    to_the_end(&client, first, args.form).await
}

/// Returns the exit code of a task once it ended and its summary is printed, or once Ctrl-C left
/// it to itself.
pub async fn to_the_end(client: &Client, task: Task, form: Form) -> Result<ExitCode> {
    let id = task.read.id.clone();
    tokio::select! {
        task = ended(client, task) => {
            let task = task
                .with_context(|| format!("the import goes on; follow it with `user-import follow {id}`"))?;
            summary::print(&task, form)?;
            Ok(summary::exit_code(&task))
        }
        _ = tokio::signal::ctrl_c() => {
            note(&format!(
                "\nThe import goes on without this command. Follow it again with:\n  user-import follow {id}"
            ));
            Ok(ExitCode::from(INTERRUPTED))
        }
    }
}

/// By events while they come. Where a stream breaks off, or cannot be opened, the status is asked
/// for, and then the next one opened: at another process if this one stopped, or with a new token.
async fn ended(client: &Client, mut task: Task) -> Result<Task> {
    let mut progress = Progress::new("imported", Unit::Records, Some(task.read.summary.total));
    let mut pause = POLL_MIN;
    loop {
        progress.set(done(&task.read.summary));
        if !task.is_pending() {
            progress.finish();
            return Ok(task);
        }
        let told = client.follow(&task.read.id, |state| progress.set(done(&state.summary))).await;
        // A stream that told nothing new is as good as none.
        pause = if told.is_ok_and(|states| states > 1) {
            POLL_MIN
        } else {
            tokio::time::sleep(pause).await;
            (pause * 5 / 4).min(POLL_MAX)
        };
        task = patiently(client, &task.read.id, &progress).await?;
    }
}

/// The task's status; a server that is away for a while is waited for.
async fn patiently(client: &Client, id: &str, progress: &Progress) -> Result<Task> {
    let mut away: Option<Instant> = None;
    loop {
        let error = match client.task(id).await {
            Ok(task) => return Ok(task),
            Err(error) => error,
        };
        let passes = error.downcast_ref::<ClientError>().is_some_and(ClientError::passes);
        if !passes || away.is_some_and(|since| since.elapsed() > PATIENCE) {
            return Err(error);
        }
        if away.is_none() {
            progress.note(&format!("{error:#}; the import goes on, trying again"));
            away = Some(Instant::now());
        }
        tokio::time::sleep(POLL_MAX).await;
    }
}
