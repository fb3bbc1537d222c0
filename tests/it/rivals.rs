//! Tasks beside each other: over the same users, and a small one behind a huge one.

use std::fmt::Write;

use crate::harness::{Client, Process, World, assert_converged, eventually, holds, lines, plain};

#[tokio::test(flavor = "multi_thread")]
async fn two_tasks_that_insert_the_same_users_make_each_once() {
    let world = World::new().await;
    let (_api, client, _) = world.started(0).await;
    let forwards: String = lines(0..500);
    let backwards: String = (0..500).rev().map(|n| plain(n).to_string() + "\n").collect();
    let tasks =
        [client.import_lines(forwards).await.task(), client.import_lines(backwards).await.task()];
    // A stranger's user in the middle of each chunk holds both tasks up there: whoever came from
    // the other side holds the other half by then.
    let insert = "BEGIN; INSERT INTO directory_user (project, id, email_key)
        SELECT number, gen_random_uuid(), 'user' || n || '@example.com'
        FROM project, generate_series(50, 450, 100) n";
    let workers = ten_behind(&world, insert).await;

    let mut inserted = 0;
    let mut skipped = 0;
    for task in &tasks {
        let seen = assert_converged(&world, &client, task).await;
        inserted += seen["summary"]["inserted"].as_u64().unwrap();
        skipped += seen["summary"]["skipped"].as_u64().unwrap();
    }
    assert_eq!((inserted, skipped), (500, 500));
    assert_eq!(world.database.count("SELECT count(*) FROM directory_user", &[]).await, 500);
    // Both insert in the order of the keys, whatever the order of the files.
    assert_met_without_deadlock(&client, &workers).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tasks_that_update_the_same_users_never_deadlock() {
    let world = World::new().await;
    let (_api, client, first) = world.started(1).await;
    let made = client.import_lines(lines(0..500)).await.task();
    assert_converged(&world, &client, &made).await;
    drop(first);
    let change = |task: &str, n: usize| {
        format!("{{\"email\":\"user{n}@example.com\",\"name\":\"{task}\"}}\n")
    };
    let forwards: String = (0..500).map(|n| change("one", n)).collect();
    let backwards: String = (0..500).rev().map(|n| change("two", n)).collect();
    let mut tasks = Vec::new();
    for body in [forwards, backwards] {
        let request = client.ndjson("identifier=email&upsert=true").body(body);
        tasks.push(crate::harness::answer(request).await.task());
    }
    // A tenth of them is a stranger's: whoever locks users has some and waits for others.
    let lock =
        "BEGIN; SELECT FROM directory_user WHERE email_key LIKE '%9@example.com' FOR NO KEY UPDATE";
    let workers = ten_behind(&world, lock).await;

    for task in &tasks {
        let seen = assert_converged(&world, &client, task).await;
        assert_eq!(seen["summary"]["updated"], 500);
    }
    assert_met_without_deadlock(&client, &workers).await;
}

/// Hands the ten chunks of both tasks to two workers at once, behind what a stranger has done, who
/// undoes it when each chunk waits for somebody. Each chunk then holds what it got until the other
/// task wants it too.
async fn ten_behind(world: &World, stranger_does: &str) -> [Process; 2] {
    let bulk = world.broker.bulk();
    world.broker.await_ready(&bulk, 10).await;
    let messages = world.broker.take(&bulk).await;
    let role =
        world.worker().env("WORKER_CONCURRENCY", 5).failpoints("apply.before_commit=delay:300");
    let workers = [role.clone().start().await, role.start().await];
    world.broker.await_consumers(&bulk, 2).await;
    let stranger = world.database.connect().await;
    stranger.batch_execute(stranger_does).await.unwrap();
    for message in &messages {
        world.broker.publish(message).await;
    }
    eventually("ten chunks wait for somebody", 30, async || {
        let waiting = "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted
            AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())";
        let waiting = world.database.count(waiting, &[]).await;
        holds(waiting == 10, waiting)
    })
    .await;
    stranger.batch_execute("ROLLBACK").await.unwrap();
    workers
}

async fn assert_met_without_deadlock(client: &Client, workers: &[Process]) {
    let (mut races, mut retries) = (0.0, 0.0);
    for worker in workers {
        let seen = client.metrics(worker.address()).await;
        races += seen.sum("user_import_races_total", "");
        races += seen.sum("user_import_copies_in_vain_total", "");
        retries += seen.sum("user_import_transient_retries_total", "");
    }
    assert!(races > 0.0, "they met");
    assert!(retries == 0.0, "and nobody deadlocked: {retries}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_import_is_not_stuck_behind_a_huge_one() {
    let world = World::new().await;
    let api = world.api().start().await;
    let client = world.client(&api).await;
    let _worker = world.worker().start().await;
    // Without passwords: 200,000 hashes would only make the test slow.
    let mut huge = String::new();
    for n in 0..200_000 {
        writeln!(huge, "{{\"email\":\"huge{n}@example.com\"}}").unwrap();
    }
    let huge = client.import_lines(huge).await.task();
    eventually("the huge one has begun", 60, async || {
        let seen = client.status(&huge).await["summary"]["inserted"].clone();
        holds(seen.as_u64().unwrap() > 0, seen)
    })
    .await;
    let small = client.import_lines(lines(0..10)).await.task();
    client.wait(&small, 120).await;
    let seen = client.status(&huge).await;
    assert_eq!(seen["status"], "pending", "the small one ended first");
    let done = seen["summary"]["inserted"].as_u64().unwrap();
    assert!(done < 150_000, "long before the huge one, which has {done}");

    assert_converged(&world, &client, &small).await;
    let seen = assert_converged(&world, &client, &huge).await;
    assert_eq!(seen["summary"]["inserted"], 200_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_share_a_login_id_are_applied_in_index_order() {
    let world = World::new().await;
    let api = world.api().env("CHUNK_RECORDS", 10).start().await;
    let client = world.client(&api).await;
    let _workers = [world.worker().start().await, world.worker().start().await];
    // Every user comes once in each of 20 rounds, so that every chunk waits for an earlier one.
    let records = (0..600).map(|index| {
        let (round, user) = (index / 30, index % 30);
        format!("{{\"email\":\"user{user}@example.com\",\"name\":\"round {round}\"}}\n")
    });
    let request = client.ndjson("identifier=email&upsert=true").body(records.collect::<String>());
    let task = crate::harness::answer(request).await.task();

    let seen = assert_converged(&world, &client, &task).await;
    assert_eq!(
        (&seen["summary"]["inserted"], &seen["summary"]["updated"]),
        (&30.into(), &570.into())
    );
    let last = "SELECT count(*) FROM directory_user WHERE attributes->>'name' = 'round 19'";
    assert_eq!(world.database.count(last, &[]).await, 30, "the last record of each user wins");
    let waited = "SELECT count(*) FROM import_chunk_wait";
    assert!(world.database.count(waited, &[]).await > 0, "chunks waited for each other");
}
