//! A task's end: what is printed of it, and the exit code.

use std::process::ExitCode;

use anyhow::Result;
use jiff::Timestamp;
use serde::Serialize;

use super::client::Task;
use super::output::{self, Form, thousands};
use crate::import::task::{Status, Summary};

const SOME_FAILED: u8 = 3;
const CANCELLED: u8 = 4;

pub fn exit_code(task: &Task) -> ExitCode {
    match task.read.status {
        Status::Cancelled => ExitCode::from(CANCELLED),
        Status::Completed if task.read.summary.failed > 0 => ExitCode::from(SOME_FAILED),
        Status::Completed | Status::Pending => ExitCode::SUCCESS,
    }
}

/// The counts with seconds and rate, as a table on a terminal; the same as JSON elsewhere.
pub fn print(task: &Task, form: Form) -> Result<()> {
    if form.is_json() {
        return output::pretty(&report(task));
    }
    output::pairs(&pairs(task))?;
    if task.read.summary.failed > 0 {
        output::note(&format!("Why records failed:\n  user-import failures {}", task.read.id));
    }
    Ok(())
}

/// The API's task without its details, and how fast it was.
#[derive(Serialize)]
struct Report<'a> {
    id: &'a str,
    created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_at: Option<Timestamp>,
    status: Status,
    summary: Summary,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    records_per_second: Option<f64>,
}

fn report(task: &Task) -> Report<'_> {
    Report {
        id: &task.read.id,
        created_at: task.read.created_at,
        completed_at: task.read.completed_at,
        status: task.read.status,
        summary: task.read.summary,
        seconds: task.seconds().map(|seconds| (seconds * 1000.0).round() / 1000.0),
        records_per_second: task.records_per_second().map(f64::round),
    }
}

fn pairs(task: &Task) -> Vec<(&'static str, String)> {
    let Summary { total, inserted, updated, skipped, failed } = task.read.summary;
    let mut pairs = vec![
        ("task", task.read.id.clone()),
        ("status", task.read.status.as_str().to_owned()),
        ("total", thousands(total)),
        ("inserted", thousands(inserted)),
        ("updated", thousands(updated)),
        ("skipped", thousands(skipped)),
        ("failed", thousands(failed)),
    ];
    if let (Some(seconds), Some(rate)) = (task.seconds(), task.records_per_second()) {
        pairs.push(("seconds", format!("{seconds:.1}")));
        pairs.push(("users/s", thousands(rate as u64)));
    }
    pairs
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn task(status: &str, failed: u64) -> Task {
        let answer = json!({
            "id": "task_1", "status": status, "created_at": "2024-04-04T06:56:36.5Z",
            "completed_at": "2024-04-04T06:56:38.5Z",
            "summary": {"total": 1000, "inserted": 1000 - failed, "updated": 0, "skipped": 0, "failed": failed},
        });
        Task::read(serde_json::value::to_raw_value(&answer).unwrap()).unwrap()
    }

    #[test]
    fn the_exit_code_says_how_it_ended() {
        let code = |status, failed| format!("{:?}", exit_code(&task(status, failed)));
        assert_eq!(code("completed", 0), format!("{:?}", ExitCode::SUCCESS));
        assert_eq!(code("completed", 1), format!("{:?}", ExitCode::from(3)));
        assert_eq!(code("cancelled", 1), format!("{:?}", ExitCode::from(4)));
    }

    #[test]
    fn the_rate_is_of_the_servers_own_times() {
        let task = task("completed", 0);
        assert_eq!(report(&task).seconds, Some(2.0));
        assert_eq!(report(&task).records_per_second, Some(500.0));
    }
}
