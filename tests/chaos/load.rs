//! Callers who import all the while, and see what they are told.
//!
//! A caller sends an import under an idempotency key until it is answered (one in eight gives up
//! after its first try), watches the task to its end, and begins the next one. Whatever was sent
//! is kept, for the verdict.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::caller::forwards;
use crate::harness::Client;
use crate::oracle::Oracle;
use crate::random::Random;
use crate::stage::Stage;

/// Enough to keep four workers busy.
const CALLERS: usize = 6;
/// How long a task that was accepted may take to end after the last fault; it takes seconds.
const PATIENCE: Duration = Duration::from_mins(4);

/// One import, and what its caller was told.
#[derive(Debug)]
pub struct Sent {
    pub key: String,
    pub oracle: Oracle,
    /// The task of a 200.
    pub task: Option<String>,
    /// Its caller has asked for its end.
    pub cancelled: bool,
}

#[derive(Debug, Default)]
pub struct Seen {
    pub sent: Mutex<Vec<Sent>>,
    pub polls: AtomicU64,
    /// Answers of 503, and none.
    pub refusals: AtomicU64,
    stopped: AtomicBool,
}

#[derive(Debug)]
pub struct Load {
    callers: Vec<JoinHandle<()>>,
    seen: Arc<Seen>,
}

impl Load {
    pub fn start(stage: &mut Stage) -> Self {
        let callers = (0..CALLERS).map(|_| tokio::spawn(stage.caller().run())).collect();
        Self { callers, seen: stage.seen.clone() }
    }

    /// Lets the callers finish what they have begun. Fails if any of them saw what must not be.
    pub async fn stop(&mut self) {
        self.seen.stopped.store(true, Ordering::Relaxed);
        for caller in self.callers.drain(..) {
            caller.await.unwrap();
        }
    }

    /// Is everybody still content?
    pub fn assert_sound(&self) {
        assert!(self.callers.iter().all(|caller| !caller.is_finished()), "a caller has given up");
    }

    /// Small imports, two a second, each of which has to be answered 200 at its first try.
    /// Returns how many that were.
    pub async fn trickle(mut caller: Caller, until: Arc<AtomicBool>) -> u64 {
        let mut accepted = 0;
        while !until.load(Ordering::Relaxed) {
            let records = 1 + caller.random.below(20);
            let mut sent = caller.plan_of(records);
            let answer = caller.send(&sent).await;
            let Told::Task(task) = answer else {
                panic!("an upload was not answered 200: {answer:?}")
            };
            sent.task = Some(task);
            caller.seen.sent.lock().await.push(sent);
            accepted += 1;
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        accepted
    }
}

#[derive(Debug)]
pub enum Told {
    Task(String),
    /// A 503, or no word.
    #[expect(dead_code, reason = "a failing assertion shows it")]
    Nothing(String),
}

#[derive(Debug)]
pub struct Caller {
    pub clients: Vec<Client>,
    pub seen: Arc<Seen>,
    pub random: Random,
}

impl Caller {
    async fn run(mut self) {
        while !self.seen.stopped.load(Ordering::Relaxed) {
            let mut sent = self.plan();
            let gives_up = self.random.below(8) == 0;
            sent.task = loop {
                match self.send(&sent).await {
                    Told::Task(task) => break Some(task),
                    Told::Nothing(_) if gives_up => break None,
                    Told::Nothing(_) if self.seen.stopped.load(Ordering::Relaxed) => break None,
                    Told::Nothing(_) => {}
                }
                self.seen.refusals.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(200)).await;
            };
            let task = sent.task.clone();
            self.seen.sent.lock().await.push(sent);
            if let Some(task) = task {
                self.watch(&task).await;
            }
        }
    }

    /// Every other import fits into one chunk and goes the express way.
    fn plan(&mut self) -> Sent {
        match self.random.below(2) {
            0 => {
                let records = 1 + self.random.below(90);
                self.plan_of(records)
            }
            _ => self.plan_big(),
        }
    }

    pub fn plan_big(&mut self) -> Sent {
        let records = 200 + self.random.below(2_800);
        self.plan_of(records)
    }

    pub fn plan_of(&mut self, records: u64) -> Sent {
        let seed = self.random.next();
        let oracle = Oracle::new(seed, records);
        Sent { key: format!("chaos-{seed}"), oracle, task: None, cancelled: false }
    }

    fn client(&mut self) -> Client {
        self.random.pick(&self.clients).clone()
    }

    pub async fn send(&mut self, sent: &Sent) -> Told {
        let request = self.client().ndjson("identifier=email").header("idempotency-key", &sent.key);
        let request = request.body(sent.oracle.body()).timeout(Duration::from_secs(40));
        match request.send().await {
            Ok(answer) if answer.status() == 200 => match answer.json::<Value>().await {
                Ok(task) => Told::Task(task["id"].as_str().unwrap().to_owned()),
                Err(error) => Told::Nothing(error.to_string()),
            },
            Ok(answer) if answer.status() == 503 => Told::Nothing("503".to_owned()),
            Ok(answer) => {
                let status = answer.status();
                panic!("an upload was answered {status}: {:?}", answer.text().await)
            }
            Err(error) => Told::Nothing(error.to_string()),
        }
    }

    /// Polls until the task has ended. No poll may see its summary run backwards.
    async fn watch(&mut self, task: &str) {
        let path = format!("/users/import/{task}?details=none");
        let mut last = [0; 5];
        let mut stopped = None;
        loop {
            let request = self.client().call(reqwest::Method::GET, &path);
            match request.timeout(Duration::from_secs(15)).send().await {
                Ok(answer) if answer.status() == 200 => {
                    if let Ok(seen) = answer.json::<Value>().await {
                        self.seen.polls.fetch_add(1, Ordering::Relaxed);
                        last = forwards(last, &seen["summary"]);
                        if seen["status"] != "pending" {
                            return;
                        }
                    }
                }
                Ok(answer) => assert_eq!(answer.status(), 503, "a poll of {task}"),
                Err(_) => {}
            }
            if self.seen.stopped.load(Ordering::Relaxed) {
                let since = *stopped.get_or_insert_with(Instant::now);
                assert!(since.elapsed() < PATIENCE, "{task} does not end");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
