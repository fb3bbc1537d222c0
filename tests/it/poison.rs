//! One bad record harms one record, whoever chokes on it.

use serde_json::Value;

use crate::harness::{
    Client, Process, Role, World, assert_converged, eventually, holds, lines, was_killed,
};

const SPLIT: &str = "user_import_chunks_split_total";

/// The database will not take this user of [`lines`], and no rule of a record says so.
async fn refuse_user(world: &World, index: usize) {
    let refuse = format!(
        "ALTER TABLE directory_user ADD CONSTRAINT nobody_foresaw_this
         CHECK (email_key <> 'user{index}@example.com')"
    );
    world.database.execute(&refuse, &[]).await;
}

/// Outcomes and the reason of the one that failed.
fn assert_one_unprocessable(seen: &Value, index: usize, inserted: u64) {
    assert_eq!(seen["summary"]["inserted"], inserted, "{}", seen["summary"]);
    assert_eq!(seen["summary"]["failed"], 1, "{}", seen["summary"]);
    let detail = &seen["details"][index];
    assert_eq!(detail["errors"][0]["reason"], "Unprocessable", "{detail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_the_database_refuses_harms_itself_alone() {
    let world = World::new().await;
    refuse_user(&world, 42).await;
    let (_api, client, workers) = world.started(1).await;
    let task = client.import_lines(lines(0..250)).await.task();
    let seen = assert_converged(&world, &client, &task).await;
    assert_one_unprocessable(&seen, 42, 249);
    let split = client.metrics(workers[0].address()).await.sum(SPLIT, "refused");
    assert!(split >= 6.0, "100 records were halved down to one: {split}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_record_of_a_thousand_that_the_database_refuses_is_the_only_one_to_fail() {
    let world = World::new().await;
    refuse_user(&world, 567).await;
    let api = world.api().env("CHUNK_RECORDS", 1000).start().await;
    let client = world.client(&api).await;
    let _worker = world.worker().start().await;
    let task = client.import_lines(lines(0..1000)).await.task();
    let seen = assert_converged(&world, &client, &task).await;
    assert_one_unprocessable(&seen, 567, 999);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_a_chunk_that_was_cut_since_changes_nothing() {
    let world = World::new().await;
    refuse_user(&world, 42).await;
    let (mut api, client, _) = world.started(0).await;
    let task = client.import_lines(lines(0..200)).await.task();
    let bulk = world.broker.bulk();
    world.broker.await_ready(&bulk, 2).await;
    let messages = world.broker.take(&bulk).await;
    // Without a relay the parts stay where they are, and their first one has the whole's index.
    api.kill();
    let worker = world.worker().start().await;
    world.broker.publish(&messages[0]).await;
    let seen = async |what: &str, counter: &str| {
        eventually(what, 30, async || {
            let seen = client.metrics(worker.address()).await.sum(counter, "");
            holds(seen >= 1.0, seen)
        })
        .await;
    };
    seen("the chunk was cut", SPLIT).await;
    world.broker.publish(&messages[0]).await;
    seen("the old message was acknowledged", "user_import_stale_deliveries_total").await;
    assert_eq!(world.database.count("SELECT count(*) FROM directory_user", &[]).await, 0);

    api.again().await;
    let client = client.at(api.address());
    world.broker.publish(&messages[1]).await;
    let seen = assert_converged(&world, &client, &task).await;
    assert_one_unprocessable(&seen, 42, 199);
}

/// Starts a worker again each time it dies, until the task ends. Returns the one that is left, and
/// how many died.
async fn supervised(role: Role, client: &Client, task: &str) -> (Process, usize) {
    let mut worker = role.clone().spawn();
    let mut deaths = 0;
    eventually("the task ends", 240, async || {
        if worker.has_ended() {
            let status = worker.ended(1).await;
            assert!(was_killed(status), "{status}: {}", worker.log());
            deaths += 1;
            worker = role.clone().spawn();
        }
        let seen = client.status(task).await;
        holds(seen["status"] == "completed", seen)
    })
    .await;
    (worker, deaths)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_record_of_a_thousand_that_ends_every_worker_is_the_only_one_to_fail() {
    let world = World::new().await;
    let api = world.api().env("CHUNK_RECORDS", 1000).start().await;
    let client = world.client(&api).await;
    // The chunks beside the poisoned one are in work in the same process when it dies.
    let task = client.import_lines(lines(0..4000)).await.task();
    world.broker.await_ready(&world.broker.bulk(), 4).await;
    let role = world.worker().failpoints("apply.records=kill#1234");
    let (_worker, deaths) = supervised(role, &client, &task).await;
    eprintln!("{deaths} workers died of one record");
    assert!((2..=12).contains(&deaths), "{deaths}");
    let seen = assert_converged(&world, &client, &task).await;
    assert_one_unprocessable(&seen, 1234, 3999);
    let whole = "SELECT count(*) FROM import_chunk WHERE record_count = 1000";
    assert_eq!(world.database.count(whole, &[]).await, 3, "no neighbour was cut");
}

/// Lets workers die of the task's one chunk until no more than `starts` are left to count.
async fn die_of(world: &World, deaths: usize) {
    for _ in 0..deaths {
        let role = world.worker().env("CHUNK_ATTEMPTS", 2).failpoints("apply.before_commit=kill");
        // It may be dead before it was seen to listen.
        let mut worker = role.spawn();
        let status = worker.ended(60).await;
        assert!(was_killed(status), "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chunk_that_ends_its_workers_is_cut_and_every_record_has_its_outcome() {
    let world = World::new().await;
    let (_api, client, _) = world.started(0).await;
    let task = client.import_lines(lines(0..100)).await.task();
    // The first death is nobody's fault yet; the next two are counted.
    die_of(&world, 3).await;
    let worker = world.worker().env("CHUNK_ATTEMPTS", 2).start().await;
    let seen = assert_converged(&world, &client, &task).await;
    assert_eq!(seen["summary"]["inserted"], 100);
    assert_eq!(client.metrics(worker.address()).await.sum(SPLIT, "died") as i64, 1);
    let parts = world.database.count("SELECT count(*) FROM import_chunk", &[]).await;
    assert!((20..=34).contains(&parts), "it was cut into about 32 parts: {parts}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_single_record_that_ends_its_workers_is_given_up() {
    let world = World::new().await;
    let (_api, client, _) = world.started(0).await;
    let task = client.import_lines(lines(0..1)).await.task();
    die_of(&world, 3).await;
    let _worker = world.worker().env("CHUNK_ATTEMPTS", 2).start().await;
    let seen = assert_converged(&world, &client, &task).await;
    assert_one_unprocessable(&seen, 0, 0);
    assert_eq!(world.database.count("SELECT count(*) FROM directory_user", &[]).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_message_goes_to_the_dead_letters_and_its_chunk_comes_back() {
    let world = World::new().await;
    let api = world.api().env("CHUNK_RECORDS", 100).env("CHUNK_LEASE_SECONDS", 4).start().await;
    let client = world.client(&api).await;
    let task = client.import_lines(lines(0..200)).await.task();
    let bulk = world.broker.bulk();
    world.broker.await_ready(&bulk, 2).await;
    for (at, mut message) in world.broker.take(&bulk).await.into_iter().enumerate() {
        if at == 0 {
            let middle = message.body.len() / 2;
            message.body[middle] ^= 1;
        }
        world.broker.publish(&message).await;
    }
    let worker = world.worker().start().await;
    let seen = assert_converged(&world, &client, &task).await;
    assert_eq!(seen["summary"]["inserted"], 200);
    let dead = world.broker.dead();
    eventually("it lies among the dead letters", 30, async || {
        let ready = world.broker.ready(&dead).await;
        holds(ready == 1, ready)
    })
    .await;
    let rejected = "user_import_deliveries_rejected_total";
    assert_eq!(client.metrics(worker.address()).await.sum(rejected, "") as i64, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_under_another_chunk_s_headers_does_not_open() {
    let world = World::new().await;
    let api = world.api().env("CHUNK_RECORDS", 100).env("CHUNK_LEASE_SECONDS", 4).start().await;
    let client = world.client(&api).await;
    let task = client.import_lines(lines(0..200)).await.task();
    let bulk = world.broker.bulk();
    world.broker.await_ready(&bulk, 2).await;
    let mut messages = world.broker.take(&bulk).await;
    let (one, two) = messages.split_at_mut(1);
    std::mem::swap(&mut one[0].body, &mut two[0].body);
    for message in &messages {
        world.broker.publish(message).await;
    }
    let _worker = world.worker().start().await;
    let seen = assert_converged(&world, &client, &task).await;
    assert_eq!(seen["details"][0]["record"]["email"], "user0@example.com");
    let dead = world.broker.dead();
    eventually("both lie among the dead letters", 30, async || {
        let ready = world.broker.ready(&dead).await;
        holds(ready == 2, ready)
    })
    .await;
}
