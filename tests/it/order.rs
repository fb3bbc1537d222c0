//! Records of one file that share a login id, over many chunks and workers.

use std::fmt::Write;

use jiff::Timestamp;
use serde_json::Value;

use crate::harness::{Client, Process, World, answer, assert_converged, eventually, holds};

/// An API that cuts chunks of so many records, its client and four workers.
async fn started(world: &World, chunk_records: usize) -> (Process, Client, Vec<Process>) {
    let api = world.api().env("CHUNK_RECORDS", chunk_records).start().await;
    let client = world.client(&api).await;
    let mut workers = Vec::new();
    for _ in 0..4 {
        workers.push(world.worker().start().await);
    }
    (api, client, workers)
}

async fn upsert(world: &World, client: &Client, lines: String) -> Value {
    let request = client.ndjson("identifier=email&upsert=true").body(lines);
    let task = answer(request).await.task();
    assert_converged(world, client, &task).await
}

/// For a reader of the test's output: no test holds a speed to a figure.
fn tell_seconds(what: &str, seen: &Value) {
    let at = |member: &str| seen[member].as_str().unwrap().parse::<Timestamp>().unwrap();
    let seconds = at("created_at").duration_until(at("completed_at")).as_secs_f64();
    eprintln!("{what} took {seconds:.2} s");
}

fn outcomes(seen: &Value) -> [u64; 4] {
    ["inserted", "updated", "skipped", "failed"].map(|name| seen["summary"][name].as_u64().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_records_of_one_user_end_with_the_last() {
    let world = World::new().await;
    let (_api, client, _workers) = started(&world, 500).await;
    let mut lines = String::new();
    for index in 0..10_000 {
        writeln!(lines, "{{\"email\":\"one@example.com\",\"name\":\"{index}\"}}").unwrap();
    }
    let seen = upsert(&world, &client, lines).await;
    tell_seconds("a chain of 20 chunks of 500 records of one user", &seen);
    assert_eq!(outcomes(&seen), [1, 9_999, 0, 0]);
    assert_eq!(seen["details"][0]["outcome"], "inserted");
    let user = client.get("/users?email=one@example.com").await.json();
    assert_eq!(user["name"], "9999");
    assert_eq!(world.database.count("SELECT count(*) FROM directory_user", &[]).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_of_chunks_is_applied_one_after_the_other() {
    let world = World::new().await;
    let (_api, client, _workers) = started(&world, 100).await;
    // Each chunk shares one user with the chunk before and one with the chunk after.
    let mut lines = String::new();
    for index in 0..2_000 {
        let (chunk, place) = (index / 100, index % 100);
        let link = chunk + usize::from(place == 99);
        match place {
            0 | 99 => {
                writeln!(lines, "{{\"email\":\"link{link}@example.com\",\"name\":\"{index}\"}}")
            }
            _ => writeln!(lines, "{{\"email\":\"user{index}@example.com\"}}"),
        }
        .unwrap();
    }
    let seen = upsert(&world, &client, lines).await;
    tell_seconds("a chain of 20 chunks with one user in common", &seen);
    assert_eq!(outcomes(&seen), [1_981, 19, 0, 0]);
    for chunk in 1..20 {
        assert_eq!(seen["details"][chunk * 100]["outcome"], "updated", "the first of {chunk}");
        let user = client.get(&format!("/users?email=link{chunk}@example.com")).await.json();
        assert_eq!(user["name"], (chunk * 100).to_string(), "the later record wins");
    }
    let edges = "SELECT count(*) FROM import_chunk_wait";
    assert_eq!(world.database.count(edges, &[]).await, 19);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chunk_comes_after_each_of_seventy_that_it_shares_a_login_id_with() {
    let world = World::new().await;
    let (_api, client, _workers) = started(&world, 70).await;
    let mut lines = String::new();
    for chunk in 0..71 {
        for place in 0..70 {
            let email = format!("user{place}.of{chunk}@example.com");
            writeln!(lines, "{{\"email\":\"{email}\",\"name\":\"first\"}}").unwrap();
        }
    }
    // One user of each of the first 70 chunks; with the one just before it has none in common.
    for chunk in 0..70 {
        let email = format!("user{chunk}.of{chunk}@example.com");
        writeln!(lines, "{{\"email\":\"{email}\",\"name\":\"last\"}}").unwrap();
    }
    let seen = upsert(&world, &client, lines).await;
    assert_eq!(outcomes(&seen), [71 * 70, 70, 0, 0]);
    let is_last = |detail: &Value| detail["outcome"] == "updated";
    assert!(seen["details"].as_array().unwrap()[71 * 70..].iter().all(is_last));
    let edges = world
        .database
        .rows("SELECT first_index, waits_for FROM import_chunk_wait ORDER BY 1, 2", &[])
        .await;
    let edges: Vec<(i64, i64)> = edges.iter().map(|row| (row.get(0), row.get(1))).collect();
    let expected: Vec<_> = (0..70).map(|chunk| (71 * 70, chunk * 70)).collect();
    assert_eq!(edges, expected, "it waited for more than 64 chunks, each by name");
    let last = "SELECT count(*) FROM directory_user WHERE attributes->>'name' = 'last'";
    assert_eq!(world.database.count(last, &[]).await, 70, "the later record wins");
}

/// No relay publishes a chunk that waits; but it may have been cut, or restored, since it was.
#[tokio::test(flavor = "multi_thread")]
async fn a_chunk_that_is_handed_over_before_its_turn_waits() {
    let world = World::new().await;
    let api = world.api().env("CHUNK_RECORDS", 2).start().await;
    let client = world.client(&api).await;
    let mut lines = String::new();
    for index in 0..4 {
        let user = index % 2;
        writeln!(lines, "{{\"email\":\"user{user}@example.com\",\"name\":\"{index}\"}}").unwrap();
    }
    let request = client.ndjson("identifier=email&upsert=true").body(lines);
    let task = answer(request).await.task();
    let bulk = world.broker.bulk();
    world.broker.await_ready(&bulk, 1).await;
    let first = world.broker.take(&bulk).await.remove(0);
    let sealed = "SELECT sealed FROM import_chunk WHERE first_index = 2 AND waits = 1";
    let sealed = world.database.row(sealed, &[]).await.get(0);
    world.broker.publish(&first.of_another(2, 2, sealed)).await;

    let worker = world.worker().start().await;
    eventually("the early message was acknowledged", 30, async || {
        let seen = client.metrics(worker.address()).await;
        let stale = seen.sum("user_import_stale_deliveries_total", "");
        holds(stale >= 1.0, stale)
    })
    .await;
    assert_eq!(world.database.count("SELECT count(*) FROM directory_user", &[]).await, 0);
    world.broker.publish(&first).await;
    let seen = assert_converged(&world, &client, &task).await;
    assert_eq!(outcomes(&seen), [2, 2, 0, 0]);
    let user = client.get("/users?email=user1@example.com").await.json();
    assert_eq!(user["name"], "3", "the later record wins");
}
