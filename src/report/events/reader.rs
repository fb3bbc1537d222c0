//! One reader of a task's events: when it is told what, and when its stream ends.

use std::time::Duration;

use axum::Error;
use axum::response::sse::Event;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_util::sync::CancellationToken;

use super::Progress;
use crate::project::key::now;

/// At most four events a second.
const PAUSE: Duration = Duration::from_millis(250);
/// A reader that is told nothing for longer may take the connection for dead, and so may a proxy.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// When a reader of a process that stops comes back: another one answers by then.
const RETRY: Duration = Duration::from_secs(1);
/// What clocks may differ by, as for the check of a token.
const SKEW: Duration = Duration::from_mins(1);

const PROGRESS: &str = "progress";

pub(super) struct Reader {
    states: watch::Receiver<Progress>,
    ends_at: Instant,
    stop: CancellationToken,
    told_at: Instant,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Opened,
    Following,
    Ended,
}

/// How long a stream lasts whose token expires then. One that was taken although it had expired,
/// for the clocks may differ, lasts as long as it would be taken.
pub(super) fn lifetime(expires_at: Timestamp) -> Duration {
    let left = |until: Timestamp| Duration::try_from(until.duration_since(now())).ok();
    left(expires_at)
        .filter(|left| !left.is_zero())
        .or_else(|| left(expires_at.saturating_add(SKEW).unwrap_or(expires_at)))
        .unwrap_or_default()
}

impl Reader {
    pub fn new(
        states: watch::Receiver<Progress>,
        lifetime: Duration,
        stop: CancellationToken,
    ) -> Self {
        let now = Instant::now();
        // A token may last longer than a clock can count.
        let ends_at = now + lifetime.min(Duration::from_hours(24 * 365));
        Self { states, ends_at, stop, told_at: now, stage: Stage::Opened }
    }

    /// The next event; none once the stream has ended.
    pub async fn next(&mut self) -> Option<Result<Event, Error>> {
        let stop = self.stop.clone();
        let event = match self.stage {
            Stage::Opened => {
                self.stage = Stage::Following;
                let state = self.states.borrow_and_update().clone();
                Some(self.tell(PROGRESS, &state))
            }
            Stage::Following => tokio::select! {
                biased;
                () = stop.cancelled() => {
                    self.stage = Stage::Ended;
                    Some(Ok(Event::default().retry(RETRY)))
                }
                () = sleep_until(self.ends_at) => None,
                event = self.follow() => event,
            },
            Stage::Ended => None,
        };
        if event.is_none() {
            self.stage = Stage::Ended;
        }
        event
    }

    /// The next change, or the same once more where none comes.
    async fn follow(&mut self) -> Option<Result<Event, Error>> {
        if !self.states.borrow().has_ended() {
            match timeout_at(self.told_at + HEARTBEAT, self.states.changed()).await {
                // What comes in between is told with it.
                Ok(Ok(())) => sleep_until(self.told_at + PAUSE).await,
                // Nobody looks any more, so the task is gone.
                Ok(Err(_)) => return None,
                Err(_) => {}
            }
        }
        let state = self.states.borrow_and_update().clone();
        let name = if state.has_ended() {
            self.stage = Stage::Ended;
            state.task.status.as_str()
        } else {
            PROGRESS
        };
        Some(self.tell(name, &state))
    }

    fn tell(&mut self, name: &str, state: &Progress) -> Result<Event, Error> {
        self.told_at = Instant::now();
        Event::default().event(name).json_data(state)
    }
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::response::{IntoResponse, Sse};
    use futures_util::stream;

    use super::*;
    use crate::import::task::{Status, Summary};
    use crate::report::task::Task;

    fn state(inserted: u64, status: Status) -> Progress {
        let task = Task {
            id: "task_1".to_owned(),
            created_at: Timestamp::UNIX_EPOCH,
            completed_at: None,
            status,
            summary: Summary { total: 9, inserted, ..Summary::default() },
            number: 1,
        };
        Progress { task, rate: 0.0, eta_seconds: None }
    }

    fn reader(states: &watch::Sender<Progress>, seconds: u64) -> (Reader, CancellationToken) {
        let stop = CancellationToken::new();
        let lifetime = Duration::from_secs(seconds);
        (Reader::new(states.subscribe(), lifetime, stop.clone()), stop)
    }

    /// Everything that is told until the stream ends: each event as its name and its count.
    async fn told(reader: Reader) -> Vec<String> {
        let events = stream::unfold(reader, async |mut reader| {
            reader.next().await.map(|event| (event, reader))
        });
        let body: Body = Sse::new(events).into_response().into_body();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.into()).unwrap();
        let brief = |event: &str| {
            let name = event.lines().next().unwrap_or_default().to_owned();
            let count = event.split_once("inserted\":").and_then(|(_, rest)| rest.get(..1));
            format!("{name} {}", count.unwrap_or("-"))
        };
        text.split("\n\n").filter(|event| !event.is_empty()).map(brief).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_had_ended_is_told_at_once_and_then_as_ended() {
        let (states, _) = watch::channel(state(9, Status::Completed));
        assert_eq!(told(reader(&states, 60).0).await, ["event: progress 9", "event: completed 9"]);
        states.send_replace(state(4, Status::Cancelled));
        assert_eq!(told(reader(&states, 60).0).await, ["event: progress 4", "event: cancelled 4"]);
    }

    #[tokio::test(start_paused = true)]
    async fn changes_are_told_four_times_a_second_at_most_and_the_last_one_always() {
        let (states, _) = watch::channel(state(0, Status::Pending));
        let (reader, _stop) = reader(&states, 60);
        let change = async {
            for inserted in 1..=5 {
                tokio::time::sleep(Duration::from_millis(80)).await;
                states.send_replace(state(inserted, Status::Pending));
            }
            states.send_replace(state(9, Status::Completed));
        };
        let (told, ()) = tokio::join!(told(reader), change);
        // At 0, 250 and 500 ms; the end came at 400.
        assert_eq!(told, ["event: progress 0", "event: progress 3", "event: completed 9"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_says_something_every_15_seconds_and_ends_with_its_token() {
        let (states, _) = watch::channel(state(3, Status::Pending));
        let began = Instant::now();
        assert_eq!(told(reader(&states, 40).0).await, ["event: progress 3"; 3]);
        assert_eq!(began.elapsed().as_secs(), 40);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_ends_a_stream_with_a_retry_and_a_gone_task_breaks_it_off() {
        let (states, _) = watch::channel(state(3, Status::Pending));
        let (stopped, stop) = reader(&states, 60);
        stop.cancel();
        assert_eq!(told(stopped).await, ["event: progress 3", "retry: 1000 -"]);
        let (gone, _stop) = reader(&states, 60);
        drop(states);
        assert_eq!(told(gone).await, ["event: progress 3"]);
    }

    #[test]
    fn a_stream_lasts_as_long_as_its_token_would_be_taken() {
        let from_now =
            |seconds: i64| now().saturating_add(jiff::SignedDuration::from_secs(seconds));
        for (expires_in, least, most) in [(100, 98, 100), (-30, 28, 30), (-90, 0, 0)] {
            let lifetime = lifetime(from_now(expires_in).unwrap()).as_secs();
            assert!((least..=most).contains(&lifetime), "{expires_in}: {lifetime}");
        }
    }
}
