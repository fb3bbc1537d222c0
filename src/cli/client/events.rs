//! A task's progress as the server sends it (server-sent events).
//!
//! Of the format, what this API sends is read: a name and one line of data an event. A stream that
//! breaks or ends too soon is no error here: whoever follows asks for the status and opens it again.

use anyhow::Result;
use futures_util::TryStreamExt;
use reqwest::Method;
use tokio::io::{AsyncBufRead, AsyncBufReadExt};
use tokio_util::io::StreamReader;

use super::task::Read;
use super::{Client, task_path};
use crate::import::task::Status;

impl Client {
    /// Calls `moved` with each state until the task has ended or the stream has; says how many
    /// states came.
    pub async fn follow(&self, id: &str, moved: impl FnMut(&Read)) -> Result<u64> {
        let answer = self.answer(Method::GET, &format!("{}/events", task_path(id)?), &[]).await?;
        let pieces = answer.bytes_stream().map_err(std::io::Error::other);
        Ok(read(StreamReader::new(pieces), moved).await)
    }
}

async fn read(stream: impl AsyncBufRead + Unpin, mut moved: impl FnMut(&Read)) -> u64 {
    let (mut lines, mut states) = (stream.lines(), 0);
    while let Ok(Some(line)) = lines.next_line().await {
        let Some(data) = line.strip_prefix("data:") else { continue };
        let Ok(state) = serde_json::from_str::<Read>(data) else { break };
        states += 1;
        moved(&state);
        if state.status != Status::Pending {
            break;
        }
    }
    states
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read_all(stream: &str) -> (u64, Vec<u64>) {
        let mut inserted = Vec::new();
        let states = read(stream.as_bytes(), |state| inserted.push(state.summary.inserted)).await;
        (states, inserted)
    }

    #[tokio::test]
    async fn states_are_read_until_the_task_has_ended_or_the_stream_has() {
        let event = |name: &str, inserted: u64| {
            let status = if name == "progress" { "pending" } else { name };
            format!(
                "event: {name}\ndata: {{\"id\":\"task_1\",\"created_at\":\"2024-04-04T06:56:36Z\",\
                 \"status\":\"{status}\",\"summary\":{{\"total\":9,\"inserted\":{inserted},\"updated\":0,\
                 \"skipped\":0,\"failed\":0}},\"rate\":1.5,\"eta_seconds\":null}}\n\n"
            )
        };
        let (first, last) = (event("progress", 3), event("completed", 9));
        assert_eq!(read_all(&format!(": hello\n{first}{last}{first}")).await, (2, vec![3, 9]));
        assert_eq!(read_all(&format!("{first}retry: 1000\n\n")).await, (1, vec![3]));
        assert_eq!(read_all("data: broken\n\n").await, (0, vec![]));
    }
}
