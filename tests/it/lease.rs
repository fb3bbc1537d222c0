//! What the broker loses comes back from Postgres, and what it never had is not taken for sent.

use user_import::amqp::Lane;

use crate::harness::{
    Client, Leg, Process, Proxy, World, assert_converged, eventually, holds, lines,
};

const CONNECTIONS: &str = "user_import_broker_connections_total";
const RETURNED: &str = "user_import_relay_chunks_returned_total";
const BROKER_AWAY: &str = "user_import_relay_errors_total";
const EXPIRED: &str = "user_import_relay_lease_expiries_total";

#[tokio::test(flavor = "multi_thread")]
async fn a_purged_queue_comes_back_by_lease() {
    let world = World::new().await;
    let api = world.api().env("CHUNK_RECORDS", 100).env("CHUNK_LEASE_SECONDS", 3).start().await;
    let client = world.client(&api).await;
    let task = client.import_lines(lines(0..500)).await.task();
    let bulk = world.broker.bulk();
    world.broker.await_ready(&bulk, 5).await;
    let lost = world.broker.purge(&bulk).await;
    assert!(lost >= 5, "{lost} messages were lost");

    let _worker = world.worker().start().await;
    assert_converged(&world, &client, &task).await;
    let again = "SELECT count(*) FROM import_chunk WHERE published > 1";
    assert_eq!(world.database.count(again, &[]).await, 5, "each chunk was published again");
    assert!(client.metrics(api.address()).await.sum(EXPIRED, "") >= 5.0);
}

/// A queue that exists may still have to be bound, and what is undone here would be done after it.
async fn await_relay(client: &Client, api: &Process) {
    eventually("the relay has declared and bound everything", 60, async || {
        let seen = client.metrics(api.address()).await.sum(CONNECTIONS, "publish");
        holds(seen >= 1.0, seen)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publish_to_a_missing_queue_is_not_taken_for_sent() {
    let world = World::new().await;
    // The lease alone would bring them back only after the test's patience.
    let api = world.api().env("CHUNK_RECORDS", 100).env("CHUNK_LEASE_SECONDS", 3600).start().await;
    let client = world.client(&api).await;
    let bulk = world.broker.bulk();
    await_relay(&client, &api).await;
    world.broker.unbind(&bulk, Lane::Bulk).await;
    let task = client.import_lines(lines(0..500)).await.task();
    eventually("the broker returned messages", 30, async || {
        let seen = client.metrics(api.address()).await.sum(RETURNED, "");
        holds(seen >= 1.0, seen)
    })
    .await;
    // The binding is declared anew; nobody else has done it.
    world.broker.await_ready(&bulk, 5).await;
    let sent = "SELECT count(*) FROM import_chunk WHERE published > 1";
    assert_eq!(
        world.database.count(sent, &[]).await,
        0,
        "what came back counts as never published"
    );

    let _worker = world.worker().start().await;
    assert_converged(&world, &client, &task).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publish_that_is_lost_on_its_way_is_not_taken_for_sent() {
    let world = World::new().await;
    let (proxy, through) = Proxy::before(&world.servers.amqp_url).await;
    // As above; and a moment between claim and publish, in which the way is made to break.
    let api = world.api().env("CHUNK_RECORDS", 100).env("CHUNK_LEASE_SECONDS", 3600);
    let api = api.env("AMQP_URL", &through).failpoints("relay.after_claim=delay:2000");
    let api = api.start().await;
    let client = world.client(&api).await;
    await_relay(&client, &api).await;
    let task = client.import_lines(lines(0..300)).await.task();
    eventually("the chunks are claimed", 30, async || {
        let claimed = "SELECT count(*) FROM import_chunk WHERE published > 0";
        let claimed = world.database.count(claimed, &[]).await;
        holds(claimed == 3, claimed)
    })
    .await;
    // More than heartbeats come to, and less than a chunk.
    proxy.set(Leg::CutAfter(200));
    eventually("what was published is lost", 30, async || {
        let hits = proxy.hits();
        holds(hits > 0, hits)
    })
    .await;
    proxy.set(Leg::Pass);
    world.broker.await_ready(&world.broker.bulk(), 3).await;

    let _worker = world.worker().start().await;
    assert_converged(&world, &client, &task).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_away_does_not_stop_a_200() {
    let world = World::new().await;
    let (proxy, through) = Proxy::before(&world.servers.amqp_url).await;
    proxy.set(Leg::Cut);
    let api = world.api().env("AMQP_URL", &through).env("CHUNK_RECORDS", 100).start().await;
    let client = world.client(&api).await;
    let task = client.import_lines(lines(0..250)).await.task();
    assert_eq!(client.status(&task).await["status"], "pending");
    assert_eq!(proxy.opened(), 0, "the broker was away");

    proxy.set(Leg::Pass);
    let _worker = world.worker().start().await;
    assert_converged(&world, &client, &task).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_goes_away_in_the_middle_loses_nothing() {
    let world = World::new().await;
    let (proxy, through) = Proxy::before(&world.servers.amqp_url).await;
    let api = world.api().env("CHUNK_RECORDS", 10).env("CHUNK_LEASE_SECONDS", 5);
    let api = api.env("AMQP_URL", &through).start().await;
    let worker =
        world.worker().env("AMQP_URL", &through).failpoints("apply.before_commit=delay:20");
    let _worker = worker.start().await;
    let client = world.client(&api).await;
    let task = client.import_lines(lines(0..1500)).await.task();
    for done in [100, 500, 900] {
        eventually("work goes on", 60, async || {
            let seen = client.status(&task).await["summary"]["inserted"].clone();
            holds(seen.as_u64().unwrap() >= done, seen)
        })
        .await;
        let before = proxy.opened();
        proxy.cut_all().await;
        eventually("both connect again", 60, async || {
            let now = proxy.opened();
            // The publisher, the consumer.
            holds(now >= before + 2, now)
        })
        .await;
    }
    assert_converged(&world, &client, &task).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_falls_silent_is_given_up_and_found_again() {
    let world = World::new().await;
    let (proxy, through) = Proxy::before(&world.servers.amqp_url).await;
    let api = world.api().env("CHUNK_RECORDS", 10).env("CHUNK_LEASE_SECONDS", 5);
    let api = api.env("AMQP_URL", &through).start().await;
    let client = world.client(&api).await;
    await_relay(&client, &api).await;
    // No connection breaks, and no answer comes: a cable pulled, a leader frozen.
    proxy.set(Leg::Silent);
    let task = client.import_lines(lines(0..300)).await.task();
    eventually("the relay has waited long enough", 60, async || {
        let seen = client.metrics(api.address()).await.sum(BROKER_AWAY, "broker");
        holds(seen >= 1.0, seen)
    })
    .await;
    assert_eq!(client.status(&task).await["summary"]["inserted"], 0);
    proxy.set(Leg::Pass);
    let _worker = world.worker().start().await;
    assert_converged(&world, &client, &task).await;
}
