//! `tasks`: the project's tasks, newest first.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::ValueEnum;
use reqwest::Method;
use serde_json::{Value, json};

use super::client::{Client, ServerArgs, TASKS, Task};
use super::output::{self, Form, thousands};
use crate::import::task::Summary;

/// The most that the API gives in one page.
const PAGE: u64 = 100;

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Status {
    Pending,
    Completed,
    Cancelled,
}

/// Lists the project's tasks, newest first
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  user-import tasks --status pending")]
pub struct TasksArgs {
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

pub async fn run(args: TasksArgs) -> Result<ExitCode> {
    let client = Client::new(&args.server)?;
    let mut tasks = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let left = args.limit - tasks.len() as u64;
        let mut page = client
            .json(Method::GET, TASKS, &query(&args, left, cursor.as_ref()))
            .await?;
        let Value::Array(found) = page["tasks"].take() else {
            return Err(anyhow::anyhow!("the answer is no list of tasks"));
        };
        let is_last = found.is_empty();
        tasks.extend(found.into_iter().take(left as usize));
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() || is_last || tasks.len() as u64 >= args.limit {
            break;
        }
    }
    show(tasks, args.form)?;
    Ok(ExitCode::SUCCESS)
}

fn query(args: &TasksArgs, left: u64, cursor: Option<&String>) -> Vec<(&'static str, String)> {
    let status = args.status.and_then(|it| it.to_possible_value());
    let status = status.map(|it| ("status", it.get_name().to_owned()));
    let cursor = cursor.map(|it| ("cursor", it.clone()));
    [("limit", left.min(PAGE).to_string())]
        .into_iter()
        .chain(status)
        .chain(cursor)
        .collect()
}

fn show(tasks: Vec<Value>, form: Form) -> Result<()> {
    if form.is_json() {
        return output::json(&json!({ "tasks": tasks }));
    }
    let head = [
        "task", "status", "created", "total", "inserted", "updated", "skipped", "failed",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for task in tasks {
        rows.push(row(
            &Task::read(task).context("the list holds something that is no task")?
        ));
    }
    output::table(&rows)
}

fn row(task: &Task) -> Vec<String> {
    let Summary {
        total,
        inserted,
        updated,
        skipped,
        failed,
    } = task.read.summary;
    let head = [
        task.read.id.clone(),
        task.read.status.as_str().to_owned(),
        task.read
            .created_at
            .strftime("%Y-%m-%d %H:%M:%S")
            .to_string(),
    ];
    head.into_iter()
        .chain([total, inserted, updated, skipped, failed].map(thousands))
        .collect()
}
