//! A caller who is not easily put off: the upload is sent until it is answered, and the task is
//! watched to its end.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::Client;

#[derive(Debug)]
pub struct Watched {
    pub task: String,
    pub polls: u32,
}

/// How long all of it may take; far more than it does, and an end to what hangs.
const DEADLINE: Duration = Duration::from_mins(4);

/// Imports `body` by email under one idempotency key, through whatever API is there.
pub async fn import(client: Client, address: Arc<Mutex<SocketAddr>>, body: String) -> Watched {
    let deadline = Instant::now() + DEADLINE;
    let at = || client.at(*address.lock().unwrap());
    let task = loop {
        let request = at().ndjson("identifier=email").header("idempotency-key", "chaos");
        match request.body(body.clone()).send().await {
            Ok(response) if response.status() == 200 => {
                if let Ok(task) = response.json::<Value>().await {
                    break task["id"].as_str().unwrap().to_owned();
                }
            }
            Ok(response) if response.status() == 503 => {}
            Ok(response) => panic!("the upload was answered {}", response.status()),
            Err(_) => {}
        }
        pause(deadline).await;
    };
    let mut last = [0; 5];
    let mut polls = 0;
    loop {
        let path = format!("/users/import/{task}?details=none");
        let answer = at().call(reqwest::Method::GET, &path).send().await;
        if let Ok(answer) = answer
            && answer.status() == 200
            && let Ok(seen) = answer.json::<Value>().await
        {
            polls += 1;
            last = forwards(last, &seen["summary"]);
            if seen["status"] != "pending" {
                return Watched { task, polls };
            }
        }
        pause(deadline).await;
    }
}

async fn pause(deadline: Instant) {
    assert!(Instant::now() < deadline, "the import does not end");
    tokio::time::sleep(Duration::from_millis(50)).await;
}

/// The summary never runs backwards, and never past its total.
pub fn forwards(last: [u64; 5], summary: &Value) -> [u64; 5] {
    let now = ["total", "inserted", "updated", "skipped", "failed"]
        .map(|name| summary[name].as_u64().unwrap());
    assert!(
        last.iter().zip(&now).all(|(last, now)| last <= now),
        "backwards: {last:?}, then {now:?}"
    );
    assert!(now[1..].iter().sum::<u64>() <= now[0], "more than there are: {now:?}");
    now
}
