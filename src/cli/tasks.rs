//! `tasks`: the project's tasks, newest first.

use std::process::ExitCode;

use anyhow::Result;
use clap::ValueEnum;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::client::{Client, ServerArgs, TASKS, Task};
use super::output::{self, Form, thousands};
use crate::import::task::Summary;

/// The most that the API gives in one page.
const PAGE_MAX: u64 = 100;

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Status {
    Pending,
    Completed,
    Cancelled,
}

/// Lists the project's tasks, newest first
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  user-import tasks --status pending")]
pub struct Arguments {
    /// Only tasks of this status
    #[arg(long, value_enum)]
    status: Option<Status>,
    /// How many at most
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    limit: u64,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Serialize, Deserialize)]
struct Page {
    /// Each as it came.
    tasks: Vec<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

pub async fn run(args: Arguments) -> Result<ExitCode> {
    let client = Client::new(&args.server)?;
    let mut tasks = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let left = args.limit - tasks.len() as u64;
        let query = query(&args, left, cursor.as_ref());
        let page: Page = client.json(Method::GET, TASKS, &query).await?;
        let is_last = page.tasks.is_empty() || page.next_cursor.is_none();
        tasks.extend(page.tasks.into_iter().take(left as usize));
        cursor = page.next_cursor;
        if is_last || tasks.len() as u64 >= args.limit {
            break;
        }
    }
    show(tasks, args.form)?;
    Ok(ExitCode::SUCCESS)
}

fn query(args: &Arguments, left: u64, cursor: Option<&String>) -> Vec<(&'static str, String)> {
    let status = args.status.and_then(|it| it.to_possible_value());
    let status = status.map(|it| ("status", it.get_name().to_owned()));
    let cursor = cursor.map(|it| ("cursor", it.clone()));
    [("limit", left.min(PAGE_MAX).to_string())].into_iter().chain(status).chain(cursor).collect()
}

fn show(tasks: Vec<Box<RawValue>>, form: Form) -> Result<()> {
    if form.is_json() {
        return output::pretty(&Page { tasks, next_cursor: None });
    }
    let head = ["task", "status", "created", "total", "inserted", "updated", "skipped", "failed"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for task in tasks {
        rows.push(row(&Task::read(task)?));
    }
    output::table(&rows)
}

fn row(task: &Task) -> Vec<String> {
    let Summary { total, inserted, updated, skipped, failed } = task.read.summary;
    let head = [
        task.read.id.clone(),
        task.read.status.as_str().to_owned(),
        task.read.created_at.strftime("%Y-%m-%d %H:%M").to_string(),
    ];
    head.into_iter().chain([total, inserted, updated, skipped, failed].map(thousands)).collect()
}
