//! `cancel`: stops a pending task.

use std::process::ExitCode;

use anyhow::Result;
use reqwest::Method;

use super::client::{Client, ServerArgs, Task, task_path};
use super::output::{self, Form};
use super::summary;

/// Stops a pending task; what is applied stays
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  user-import cancel task_4WZ0V7EPT4GZ2ABVN03QXYZ122W835C1")]
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
    let path = format!("{}/cancel", task_path(&args.id)?);
    let task = Task::read(client.json(Method::POST, &path, &[]).await?)?;
    if args.form.is_json() {
        output::line(task.answer.get())?;
    } else {
        summary::print(&task, args.form)?;
    }
    Ok(ExitCode::SUCCESS)
}
