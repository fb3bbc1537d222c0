//! The upload: streamed, watched, and sent again where that is safe.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use reqwest::Body;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
use tokio_util::io::ReaderStream;
use uuid::Uuid;

use super::super::client::{self, Client, ClientError, Task};
use super::super::output::note;
use super::super::progress::{Progress, Unit};
use super::format::Format;
use super::options::Options;
use super::source::Source;

/// How often a file is sent at most: with the pauses below, about three minutes of trying.
const ATTEMPTS_MAX: u32 = 10;

/// Where no attempt ever reached the server, its address is more likely wrong than its process
/// away.
const ATTEMPTS_UNREACHED_MAX: u32 = 3;

const PAUSE_MAX: Duration = Duration::from_secs(30);

/// An upload that does not move for so long is given up. Longer than the server takes to give up
/// a body, and a JSON body may wait for its turn.
const STALL: Duration = Duration::from_mins(3);

const TICK: Duration = Duration::from_millis(100);

const PIECE_BYTES: usize = 128 << 10;

/// Returns the task as soon as the server has promised it.
pub async fn send(
    client: &Client,
    source: &Source,
    options: &Options,
    key: Option<&str>,
) -> Result<Task> {
    let can_repeat = source.bytes.is_some();
    let key = key.map(str::to_owned).or_else(|| can_repeat.then(|| Uuid::new_v4().to_string()));
    let mut reached = false;
    for attempt in 1.. {
        let error = match once(client, source, options, key.as_deref()).await {
            Ok(task) => return Ok(task),
            Err(error) => error,
        };
        let Some(cause) = error.downcast_ref::<ClientError>().filter(|it| it.passes()) else {
            return Err(error);
        };
        reached |= !matches!(cause, ClientError::Unreachable { .. });
        if !can_repeat && matches!(cause, ClientError::Unreachable { .. }) {
            return Err(error);
        }
        if !can_repeat {
            return Err(error.context("the input cannot be sent a second time; save it in a file"));
        }
        if attempt >= if reached { ATTEMPTS_MAX } else { ATTEMPTS_UNREACHED_MAX } {
            return Err(error.context(format!("given up after {attempt} attempts")));
        }
        let pause = pause(attempt, cause.retry_after(), jitter());
        note(&format!("{error:#}; sending it again in {} s", pause.as_secs_f64().ceil()));
        tokio::time::sleep(pause).await;
    }
    unreachable!("the loop returns at its last attempt")
}

async fn once(
    client: &Client,
    source: &Source,
    options: &Options,
    key: Option<&str>,
) -> Result<Task> {
    let read = Arc::new(AtomicU64::new(0));
    let body = source.body(read.clone()).await?;
    let body = Body::wrap_stream(ReaderStream::with_capacity(body, PIECE_BYTES));
    let query = if source.format == Format::Json { Vec::new() } else { options.query() };
    let mut request = client.upload(&query)?.header(CONTENT_TYPE, source.format.content_type());
    if let (Some(coding), false) = (source.coding, source.format == Format::Json) {
        request = request.header(CONTENT_ENCODING, coding.content_encoding());
    }
    if let Some(key) = key {
        request = request.header("Idempotency-Key", key);
    }
    let mut progress = Progress::new("uploaded", Unit::Bytes, source.bytes);
    let answer = tokio::select! {
        answer = client::send(request.body(body)) => answer,
        error = watch(&mut progress, &read) => Err(error),
    };
    progress.set(read.load(Ordering::Relaxed));
    progress.finish();
    Task::read(client::json(answer?).await?)
}

/// Shows how far it is, and ends only where it no longer moves.
async fn watch(progress: &mut Progress, read: &AtomicU64) -> ClientError {
    let mut last = (0, Instant::now());
    loop {
        tokio::time::sleep(TICK).await;
        let now = read.load(Ordering::Relaxed);
        progress.set(now);
        if now != last.0 {
            last = (now, Instant::now());
        } else if last.1.elapsed() > STALL {
            return ClientError::Stalled(STALL.as_secs());
        }
    }
}

/// As long as the server asks, or twice as long as before; and up to half of it more, so that many
/// clients do not come back at once.
fn pause(attempt: u32, asked: Option<Duration>, jitter: f64) -> Duration {
    let own = Duration::from_secs(1) * 2_u32.saturating_pow(attempt - 1);
    asked.unwrap_or(own).min(PAUSE_MAX).mul_f64(1.0 + jitter / 2.0)
}

/// From 0 to 1.
fn jitter() -> f64 {
    f64::from(Uuid::new_v4().as_u128() as u32) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_doubles_is_bounded_and_heeds_the_server() {
        let seconds = |attempt, asked: Option<u64>| {
            pause(attempt, asked.map(Duration::from_secs), 0.0).as_secs()
        };
        assert_eq!([1, 2, 3, 6, 40].map(|attempt| seconds(attempt, None)), [1, 2, 4, 30, 30]);
        assert_eq!(seconds(1, Some(7)), 7);
        assert_eq!(seconds(1, Some(86_400)), 30);
        assert_eq!(pause(1, None, 1.0), Duration::from_millis(1500));
    }
}
