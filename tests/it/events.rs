//! A task's progress as server-sent events.

use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Client, World, assert_converged, eventually, holds, lines, variable};

/// The events of a stream as they come.
struct Events {
    response: Response,
    text: String,
}

/// A name and its data; `retry:` alone has no data.
type Event = (String, Value);

impl Events {
    async fn open(client: &Client, task: &str) -> Self {
        let request = client.call(Method::GET, &format!("/users/import/{task}/events"));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Self { response, text: String::new() }
    }

    /// The next event; none at the end of the stream.
    async fn next(&mut self) -> Option<Event> {
        let within = Duration::from_mins(1);
        while !self.text.contains("\n\n") {
            let piece = tokio::time::timeout(within, self.response.chunk()).await;
            let piece = piece.expect("something comes").expect("the stream does not break")?;
            self.text.push_str(std::str::from_utf8(&piece).unwrap());
        }
        let end = self.text.find("\n\n").unwrap();
        let rest = self.text.split_off(end + 2);
        let (mut name, mut data) = (String::new(), Value::Null);
        for line in self.text.trim_end().lines() {
            match line.split_once(": ").unwrap() {
                ("event", text) => name.push_str(text),
                ("data", text) => data = serde_json::from_str(text).unwrap(),
                (field, text) => name.extend([field, " ", text]),
            }
        }
        self.text = rest;
        Some((name, data))
    }

    async fn rest(mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }
}

fn done(task: &Value) -> u64 {
    ["inserted", "updated", "skipped", "failed"]
        .iter()
        .map(|outcome| task["summary"][outcome].as_u64().unwrap())
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_tell_a_tasks_progress_in_order_and_end_with_it() {
    let world = World::new().await;
    let (_api, client, _) = world.started(0).await;
    let task = client.import_lines(lines(0..3000)).await.task();
    let mut events = Events::open(&client, &task).await;
    let (name, first) = events.next().await.unwrap();
    assert_eq!((name.as_str(), done(&first)), ("progress", 0), "one comes at once");
    assert_eq!((&first["rate"], &first["eta_seconds"]), (&json!(0.0), &Value::Null));
    let slow = world.worker().failpoints("apply.before_commit=delay:150");
    let _worker = slow.start().await;
    let told = events.rest().await;
    let seen = assert_converged(&world, &client, &task).await;

    let counts: Vec<u64> = told.iter().map(|(_, data)| done(data)).collect();
    assert!(counts.is_sorted(), "it never runs backwards: {counts:?}");
    let (last, before) = told.split_last().unwrap();
    assert!(before.len() > 2 && before.iter().all(|(name, _)| name == "progress"), "{told:?}");
    assert!(before.iter().any(
        |(_, data)| data["rate"].as_f64() > Some(0.0) && data["eta_seconds"].as_u64().is_some()
    ));
    assert_eq!(last.0, "completed");
    for member in ["id", "created_at", "completed_at", "status", "summary"] {
        assert_eq!(last.1[member], seen[member]);
    }
    assert!(last.1.get("details").is_none() && last.1["eta_seconds"] == 0, "{}", last.1);

    let again = Events::open(&client, &task).await.rest().await;
    let names: Vec<&str> = again.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["progress", "completed"], "a task that has ended is told as ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_a_cancelled_task_end_with_cancelled() {
    let world = World::new().await;
    let (_api, client, _) = world.started(0).await;
    let task = client.import_lines(lines(0..300)).await.task();
    let mut events = Events::open(&client, &task).await;
    assert_eq!(events.next().await.unwrap().0, "progress");
    assert_eq!(client.cancel(&task).await.status, 200);
    let rest = events.rest().await;
    assert_eq!(rest.len(), 1, "{rest:?}");
    assert_eq!((rest[0].0.as_str(), &rest[0].1["status"]), ("cancelled", &json!("cancelled")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_stream_ends_with_its_token_and_with_the_task() {
    let world = World::new().await;
    let (_api, client, _) = world.started(0).await;
    let task = client.import_lines(lines(0..10)).await.task();
    let short = world.token_for("acme", "2s").await;
    let told = Events::open(&client.with_token(&short), &task).await.rest().await;
    assert_eq!(told.len(), 1, "it ended while the task was pending: {told:?}");
    assert_eq!(client.status(&task).await["status"], "pending");

    let mut events = Events::open(&client, &task).await;
    assert_eq!(events.next().await.unwrap().0, "progress");
    world.database.execute("UPDATE import_task SET gone_at = now()", &[]).await;
    assert_eq!(events.rest().await, [], "a task that goes away has no end to tell");
    let path = format!("/users/import/{task}/events");
    let (gone, absent) = (client.get(&path).await, client.get("/users/import/x/events").await);
    assert_eq!((gone.status, &gone.text), (404, &absent.text));
}

#[tokio::test(flavor = "multi_thread")]
async fn event_streams_of_a_process_that_stops_end_with_a_retry() {
    let world = World::new().await;
    let (mut api, client, _) = world.started(0).await;
    let task = client.import_lines(lines(0..10)).await.task();
    let mut events = Events::open(&client, &task).await;
    assert_eq!(events.next().await.unwrap().0, "progress");
    api.terminate();
    let names: Vec<String> = events.rest().await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["retry 1000"]);
    assert_eq!(api.ended(40).await.code(), Some(0));
}

/// Readers of one task, of whom every second one never reads.
const READERS: usize = 1000;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_readers_of_whom_half_never_read_take_bounded_memory_and_delay_nobody() {
    let world = World::new().await;
    let (api, client, _) = world.started(0).await;
    let records = variable("SUBSCRIBED_RECORDS").unwrap_or(20_000);
    let task = client.import_lines(lines(0..records as usize)).await.task();
    let request = format!(
        "GET /_api/admin/users/import/{task}/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\n\r\n",
        world.token("acme").await
    );
    let before = api.resident_kib();
    let mut readers = Vec::new();
    for _ in 0..READERS {
        let mut stream = TcpStream::connect(api.address()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut status = [0; 15];
        stream.read_exact(&mut status).await.unwrap();
        assert_eq!(&status, b"HTTP/1.1 200 OK");
        readers.push(stream);
    }
    let silent = readers.split_off(READERS / 2);
    let reading: Vec<_> = readers.into_iter().map(|it| tokio::spawn(last_event(it))).collect();
    let _workers = [world.worker().start().await, world.worker().start().await];
    let peak = async {
        let mut peak = 0;
        eventually("the task ends", 240 + records / 1000, async || {
            peak = peak.max(api.resident_kib());
            let metrics = client.metrics(api.address()).await;
            assert!(metrics.sum("user_import_tasks_watched", "") <= 1.0, "one look serves all");
            let seen = client.status(&task).await;
            holds(seen["status"] == "completed", seen)
        })
        .await;
        peak
    };
    let peak = peak.await;
    let inserted = format!("\"inserted\":{records}");
    for reader in reading {
        let last = reader.await.unwrap();
        assert!(last.contains("event: completed") && last.contains(&inserted), "{last}");
    }
    // Those that never read are told the end all the same, once they do.
    for stream in silent {
        assert!(last_event(stream).await.contains("event: completed"));
    }
    let grown = peak.saturating_sub(before) / 1024;
    println!("{READERS} readers of {records} records took {grown} MiB at most");
    assert!(grown < 64, "MiB: {grown}");
}

/// Reads a stream to its end, which is the end of a chunked body.
async fn last_event(mut stream: TcpStream) -> String {
    let (mut tail, mut piece) = (Vec::new(), [0; 4096]);
    while !tail.ends_with(b"\r\n0\r\n\r\n") {
        let read = tokio::time::timeout(Duration::from_mins(2), stream.read(&mut piece)).await;
        let read = read.expect("the end comes").unwrap();
        assert!(read > 0, "the stream breaks off: {}", String::from_utf8_lossy(&tail));
        tail.extend_from_slice(&piece[..read]);
        tail.drain(..tail.len().saturating_sub(2048));
    }
    String::from_utf8_lossy(&tail).into_owned()
}
