//! `status`: a task as the API answers it.

use std::process::ExitCode;

use anyhow::Result;
use clap::ValueEnum;
use futures_util::TryStreamExt;
use reqwest::{Method, Response};

use super::client::{Client, ClientError, ServerArgs, task_path};
use super::output::{self, Form};
use super::summary;

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Details {
    All,
    Failed,
    Warnings,
    None,
}

/// Shows a task: its status and its counts
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  user-import status task_4WZ0V7EPT4GZ2ABVN03QXYZ122W835C1
  user-import status task_4WZ0V7EPT4GZ2ABVN03QXYZ122W835C1 --details warnings | jq .details")]
pub struct Arguments {
    /// The task
    id: String,
    /// The records to show with it, once it ended; the answer is JSON then
    #[arg(long, value_enum, default_value_t = Details::None)]
    details: Details,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    server: ServerArgs,
}

pub async fn run(args: Arguments) -> Result<ExitCode> {
    let client = Client::new(&args.server)?;
    if let Details::None = args.details {
        let task = client.task(&args.id).await?;
        if args.form.is_json() {
            output::line(task.answer.get())?;
        } else {
            summary::print(&task, args.form)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let details =
        args.details.to_possible_value().map_or_else(String::new, |it| it.get_name().to_owned());
    let answer = client.answer(Method::GET, &task_path(&args.id)?, &[("details", details)]).await?;
    copy(answer, output::write).await?;
    output::line("")?;
    Ok(ExitCode::SUCCESS)
}

/// Hands on an answer piece by piece, for it may be of any length.
pub async fn copy(answer: Response, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let mut pieces = answer.bytes_stream();
    while let Some(piece) = pieces.try_next().await.map_err(|error| ClientError::broken(&error))? {
        take(&piece)?;
    }
    Ok(())
}
