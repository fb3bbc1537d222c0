//! A task's end: what is printed of it, and the exit code.

use std::process::ExitCode;

use anyhow::Result;
use serde_json::{Value, json};

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

/// The counts with seconds and rate, as a table on a terminal; the API's answer with the same two
/// beside it as JSON.
pub fn print(task: &Task, form: Form) -> Result<()> {
    if form.is_json() {
        return output::json(&with_rate(task));
    }
    output::table(&rows(task))?;
    if task.read.summary.failed > 0 {
        output::note(&format!(
            "Why records failed:\n  user-import failures {}",
            task.read.id
        ));
    }
    Ok(())
}

fn with_rate(task: &Task) -> Value {
    let mut answer = task.answer.clone();
    if let (Some(seconds), Some(rate)) = (task.seconds(), task.records_per_second()) {
        answer["seconds"] = json!((seconds * 1000.0).round() / 1000.0);
        answer["records_per_second"] = json!(rate.round());
    }
    answer
}

fn rows(task: &Task) -> Vec<Vec<String>> {
    let Summary {
        total,
        inserted,
        updated,
        skipped,
        failed,
    } = task.read.summary;
    let mut rows = vec![
        vec!["task".to_owned(), task.read.id.clone()],
        vec!["status".to_owned(), task.read.status.as_str().to_owned()],
    ];
    let counts = [
        ("total", total),
        ("inserted", inserted),
        ("updated", updated),
        ("skipped", skipped),
        ("failed", failed),
    ];
    rows.extend(counts.map(|(name, count)| vec![name.to_owned(), thousands(count)]));
    if let (Some(seconds), Some(rate)) = (task.seconds(), task.records_per_second()) {
        rows.push(vec!["seconds".to_owned(), format!("{seconds:.1}")]);
        rows.push(vec!["users/s".to_owned(), thousands(rate as u64)]);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(status: &str, failed: u64) -> Task {
        Task::read(json!({
            "id": "task_1", "status": status, "created_at": "2024-04-04T06:56:36.5Z",
            "completed_at": "2024-04-04T06:56:38.5Z",
            "summary": {"total": 1000, "inserted": 1000 - failed, "updated": 0, "skipped": 0, "failed": failed},
        }))
        .unwrap()
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
        let answer = with_rate(&task("completed", 0));
        assert_eq!(answer["seconds"], 2.0);
        assert_eq!(answer["records_per_second"], 500.0);
    }
}
