//! `submit`: sends a file, then follows the task that it became.
//!
//! Memory is flat whatever the size of the file. A file is sent under an idempotency key of its
//! own, so that sending it again after an answer was lost cannot import it twice.

mod envelope;
mod format;
mod options;
mod send;
mod source;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;

use super::client::{Client, ServerArgs};
use super::follow::{self, INTERRUPTED};
use super::output::{self, Form, note};
use format::Given;
use options::Options;
use source::Source;

/// Imports a JSON, NDJSON or CSV file and waits for its end
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  user-import submit users.ndjson.zst --identifier email --upsert
  user-import generate 1000 --format csv | user-import submit - --format csv --identifier email

The name says what a file holds: .ndjson, .jsonl, .json or .csv, perhaps with .gz or .zst behind it;
stdin is NDJSON unless --format says otherwise. A .json file is a list of records or a whole request
body. A file is sent again after 503, 429 or a broken connection; stdin cannot be.

Exit code: 0 completed without failures, 3 some records failed, 4 cancelled, 130 left with Ctrl-C
(which leaves the task running), 1 anything else.")]
pub struct Arguments {
    /// The file, or - for stdin
    file: PathBuf,
    #[command(flatten)]
    options: Options,
    /// The same key with the same file is the same task; a file gets one of its own
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// What the file holds, where its name does not say: ndjson, json, csv, csv.gz, ...
    #[arg(long)]
    format: Option<Given>,
    /// Print the task's id as soon as it is accepted, and do not wait for its end
    #[arg(long)]
    detach: bool,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    server: ServerArgs,
}

pub async fn run(args: Arguments) -> Result<ExitCode> {
    let source = Source::open(&args).await?;
    let client = Client::new(&args.server)?;
    let sent = tokio::select! {
        sent = send::send(&client, &source, &args.options, args.idempotency_key.as_deref()) => sent?,
        _ = tokio::signal::ctrl_c() => {
            note("\nThe upload was stopped; what did not arrive whole is not imported.");
            return Ok(ExitCode::from(INTERRUPTED));
        }
    };
    if args.detach {
        output::line(&sent.read.id)?;
        return Ok(ExitCode::SUCCESS);
    }
    let task = client.task(&sent.read.id).await.unwrap_or(sent);
    follow::to_the_end(&client, task, args.form).await
}
