//! At-least-once delivery, exactly-once effect.

use crate::harness::{World, assert_converged, eventually, holds, lines};

const STALE: &str = "user_import_stale_deliveries_total";
const APPLIED: &str = "user_import_chunks_applied_total";
const PUBLISHED: &str = "user_import_relay_chunks_published_total";

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_delivery_changes_nothing() {
    let world = World::new().await;
    let (_api, client, _) = world.started(0).await;
    let task = client.import_lines(lines(0..300)).await.task();
    let bulk = world.broker.bulk();
    world.broker.await_ready(&bulk, 3).await;
    let messages = world.broker.take(&bulk).await;
    let worker = world.worker().start().await;
    let stale = async |count: f64| {
        eventually("the duplicates were acknowledged", 30, async || {
            let seen = client.metrics(worker.address()).await.sum(STALE, "");
            holds(seen >= count, seen)
        })
        .await;
    };
    // While the task is pending, nothing but the fence stands between a chunk and its second time.
    for _ in 0..2 {
        world.broker.publish(&messages[0]).await;
    }
    stale(1.0).await;
    for message in messages[1..].iter().chain(&messages) {
        world.broker.publish(message).await;
    }
    let before = assert_converged(&world, &client, &task).await;
    stale(4.0).await;

    // Long after the end they change nothing either.
    for message in &messages {
        world.broker.publish(message).await;
    }
    stale(7.0).await;
    let after = assert_converged(&world, &client, &task).await;
    assert_eq!(before, after);
    assert_eq!(world.database.count("SELECT count(*) FROM directory_user", &[]).await, 300);
    assert_eq!(client.metrics(worker.address()).await.sum(APPLIED, "") as i64, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_workers_with_the_same_chunk_apply_it_once() {
    let world = World::new().await;
    let (_api, client, _) = world.started(0).await;
    // The chunk makes no user: where it does, a unique index would stand in for the fence. And it
    // is one of three, so that no CHECK of its task would.
    let faulty = "{\"email\":\"no address\"}\n".repeat(100);
    let task = client.import_lines(faulty + &lines(0..200)).await.task();
    let bulk = world.broker.bulk();
    world.broker.await_ready(&bulk, 3).await;
    let messages = world.broker.take(&bulk).await;
    // Long enough that the second worker comes while the first holds the fence.
    let slow = world.worker().failpoints("apply.after_fence=delay:1000");
    let workers = [slow.clone().start().await, slow.start().await];
    world.broker.await_consumers(&bulk, 2).await;
    for _ in 0..2 {
        world.broker.publish(&messages[0]).await;
    }

    let mut counts = Vec::new();
    for worker in &workers {
        let done = eventually("each worker has had its delivery", 30, async || {
            let seen = client.metrics(worker.address()).await;
            let (applied, stale) = (seen.sum(APPLIED, "") as i64, seen.sum(STALE, "") as i64);
            if applied + stale == 1 {
                Ok((applied, stale))
            } else {
                Err(format!("{applied} and {stale}"))
            }
        })
        .await;
        counts.push(done);
    }
    counts.sort_unstable();
    assert_eq!(counts, [(0, 1), (1, 0)]);
    for message in &messages[1..] {
        world.broker.publish(message).await;
    }
    let seen = assert_converged(&world, &client, &task).await;
    assert_eq!(
        (&seen["summary"]["failed"], &seen["summary"]["inserted"]),
        (&100.into(), &200.into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_relays_publish_each_chunk_once() {
    let world = World::new().await;
    let role = world.api().env("CHUNK_RECORDS", 10).env("IN_FLIGHT_CHUNKS", 4);
    let apis = [role.clone().start().await, role.start().await];
    let client = world.client(&apis[0]).await;
    // Slow enough that both relays find something to do.
    let worker = world.worker().env("WORKER_CONCURRENCY", 1);
    let _worker = worker.failpoints("apply.before_commit=delay:50").start().await;
    let task = client.import_lines(lines(0..600)).await.task();

    assert_converged(&world, &client, &task).await;
    let mut published = Vec::new();
    for api in &apis {
        published.push(client.metrics(api.address()).await.sum(PUBLISHED, "") as i64);
    }
    assert_eq!(published.iter().sum::<i64>(), 60, "{published:?}");
    assert!(published.iter().all(|count| *count > 0), "both relays worked: {published:?}");
    let most = "SELECT max(published)::bigint FROM import_chunk";
    assert_eq!(world.database.count(most, &[]).await, 1);
}
