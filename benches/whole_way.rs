//! Users per second of the whole way, against a raw COPY of the same users.
//!
//! The whole way: from the first byte of an NDJSON upload to `completed`, through an API process,
//! Postgres, `RabbitMQ` and two workers. The raw COPY: the rows that came of it, in binary, into the
//! same tables with the same indexes, on two connections at once. The runs alternate on the same
//! servers, so that whatever else the machine does hurts both; medians are printed.
//!
//! `BENCH_USERS` (100,000) and `BENCH_RUNS` (3) may be set.

#![allow(clippy::unwrap_used, reason = "a bench that cannot go on has failed")]
#![allow(
    clippy::disallowed_methods,
    reason = "the harness starts processes and reads where the servers are"
)]

#[path = "../tests/it/harness/mod.rs"]
mod harness;

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use harness::{Client, Database, Process, World, eventually};
use tokio_postgres::CopyInSink;

/// What is handed to the socket at once.
const PIECE: usize = 256 << 10;

#[derive(Debug, Clone, Copy)]
struct Run {
    seconds: f64,
    /// Processor time of the API, of both workers, and of all else on the machine, in seconds.
    api: f64,
    workers: f64,
    others: f64,
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number")))
}

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(bench(number("BENCH_USERS", 100_000), number("BENCH_RUNS", 3)));
}

async fn bench(users: u64, runs: u64) {
    if cfg!(debug_assertions) {
        println!("a debug build: the figures mean nothing");
    }
    let mut whole = Vec::new();
    let mut copies = Vec::new();
    for run in 1..=runs {
        // New users each time, made before the clock starts.
        let body: Vec<u8> = (0..users)
            .flat_map(|i| (user_import::cli::generate::record(run, i) + "\n").into_bytes())
            .collect();
        let world = World::new().await;
        let way = whole_way(&world, users, body).await;
        let copy = raw_copy(&world.database, users).await;
        println!(
            "run {run}: whole way {:.0} users/s, raw COPY {:.0} users/s, ratio {:.2}",
            rate(users, way.seconds),
            rate(users, copy),
            copy / way.seconds
        );
        whole.push(way);
        copies.push(copy);
    }
    let seconds = median(whole.iter().map(|run| run.seconds));
    let copy = median(copies.iter().copied());
    let micros = |part: fn(&Run) -> f64| median(whole.iter().map(part)) * 1e6 / users as f64;
    println!();
    println!("users                 {users}");
    println!("whole way             {:.0} users/s", rate(users, seconds));
    println!("raw COPY              {:.0} users/s", rate(users, copy));
    println!("ratio                 {:.2}", copy / seconds);
    println!("CPU, API              {:.1} us/user", micros(|run| run.api));
    println!("CPU, workers          {:.1} us/user", micros(|run| run.workers));
    println!(
        "CPU, all else         {:.1} us/user (Postgres, RabbitMQ, this client)",
        micros(|run| run.others)
    );
}

fn rate(users: u64, seconds: f64) -> f64 {
    users as f64 / seconds
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The import as a caller sees it, from the first byte sent to `completed`.
async fn whole_way(world: &World, users: u64, body: Vec<u8>) -> Run {
    let quiet = |role: harness::Role| role.env("RUST_LOG", "info").without("WORKER_CONCURRENCY");
    let api = quiet(world.api()).start().await;
    let workers = [quiet(world.worker()).start().await, quiet(world.worker()).start().await];
    let client = world.client(&api).await;
    checkpoint(&world.database).await;
    let used =
        |processes: &[&Process]| processes.iter().map(|p| p.cpu_micros()).sum::<u64>() as f64 / 1e6;
    let before = (used(&[&api]), used(&[&workers[0], &workers[1]]), machine_seconds());

    let began = Instant::now();
    let upload = client.upload("identifier=email");
    for piece in body.chunks(PIECE) {
        assert!(upload.send(piece).await, "the API reads on");
    }
    let task = upload.finish().await.unwrap().task();
    completed(&client, &task, users).await;
    let seconds = began.elapsed().as_secs_f64();

    let (api, workers) = (used(&[&api]) - before.0, used(&[&workers[0], &workers[1]]) - before.1);
    Run { seconds, api, workers, others: machine_seconds() - before.2 - api - workers }
}

async fn completed(client: &Client, task: &str, users: u64) {
    let mut every = tokio::time::interval(Duration::from_millis(20));
    loop {
        every.tick().await;
        let seen = client.status(task).await;
        if seen["status"] == "completed" {
            assert_eq!(seen["summary"]["inserted"], users, "{seen}");
            return;
        }
    }
}

/// Seconds for the rows that the import made, into the same tables of another database.
async fn raw_copy(from: &Database, users: u64) -> f64 {
    let into = World::without_project().await;
    let mut halves = Vec::new();
    for half in ["<", ">="] {
        halves.push([
            rows(from, "directory_user", "id", half).await,
            rows(from, "user_secret", "user_id", half).await,
        ]);
    }
    checkpoint(&into.database).await;
    let clients = [into.database.connect().await, into.database.connect().await];
    let began = Instant::now();
    let copies = clients.iter().zip(halves).map(async |(client, [users, secrets])| {
        client.batch_execute("BEGIN").await.unwrap();
        copy_in(client.copy_in("COPY directory_user FROM STDIN BINARY").await.unwrap(), users)
            .await;
        copy_in(client.copy_in("COPY user_secret FROM STDIN BINARY").await.unwrap(), secrets).await;
        client.batch_execute("COMMIT").await.unwrap();
    });
    futures_util::future::join_all(copies).await;
    let seconds = began.elapsed().as_secs_f64();
    let count = into.database.count("SELECT count(*) FROM directory_user", &[]).await;
    assert_eq!(count as u64, users);
    seconds
}

/// One half of a table's rows, below or from the middle id on, as binary COPY data.
async fn rows(database: &Database, table: &str, id: &str, half: &str) -> Vec<Bytes> {
    let middle = "(SELECT id FROM directory_user ORDER BY id OFFSET (SELECT count(*) / 2 FROM directory_user) LIMIT 1)";
    let sql = format!(
        "COPY (SELECT * FROM {table} WHERE {id} {half} {middle} ORDER BY {id}) TO STDOUT BINARY"
    );
    let stream = database.sql().await.copy_out(&sql).await.unwrap();
    stream.map(Result::unwrap).collect().await
}

async fn copy_in(sink: CopyInSink<Bytes>, pieces: Vec<Bytes>) {
    let mut sink = std::pin::pin!(sink);
    for piece in pieces {
        sink.feed(piece).await.unwrap();
    }
    sink.finish().await.unwrap();
}

/// Neither side pays for what the other has left to write.
async fn checkpoint(database: &Database) {
    eventually("a checkpoint", 60, async || database.sql().await.batch_execute("CHECKPOINT").await)
        .await;
}

/// Processor time that the whole machine has used, in seconds.
fn machine_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/stat").unwrap();
    let fields: Vec<f64> = stat
        .lines()
        .next()
        .unwrap()
        .split_whitespace()
        .skip(1)
        .map(|f| f.parse().unwrap())
        .collect();
    // user, nice, system, idle, iowait, irq, softirq, in ticks of 10 ms.
    (fields[0] + fields[1] + fields[2] + fields[5] + fields[6]) / 100.0
}
