//! Starting, stopping, and the schema that a release needs.

use crate::harness::{World, assert_converged, eventually, holds, lines};

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_is_told_to_stop_commits_what_it_holds_and_gives_the_rest_back() {
    let world = World::new().await;
    let (_api, client, _) = world.started(0).await;
    let slow =
        world.worker().env("WORKER_CONCURRENCY", 1).failpoints("apply.before_commit=delay:700");
    let mut worker = slow.start().await;
    let task = client.import_lines(lines(0..2000)).await.task();
    let inside = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND state = 'idle in transaction'";
    eventually("a chunk is in work", 60, async || {
        let count = world.database.count(inside, &[]).await;
        holds(count > 0, count)
    })
    .await;
    let before = client.status(&task).await["summary"]["inserted"].as_u64().unwrap();
    worker.terminate();
    let status = worker.ended(40).await;
    assert_eq!(status.code(), Some(0), "it stopped in order");
    let after = client.status(&task).await["summary"]["inserted"].as_u64().unwrap();
    assert!(after > before, "what it held was committed: {before}, then {after}");
    assert!(after < 2000, "and the rest was left: {after}");

    let _other = world.worker().start().await;
    assert_converged(&world, &client, &task).await;
    let twice = "SELECT count(*) FROM import_chunk WHERE published > 1";
    assert_eq!(world.database.count(twice, &[]).await, 0, "given back, not lost to the lease");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_is_told_to_stop_finishes_the_upload_it_reads() {
    let world = World::new().await;
    let (mut api, client, _) = world.started(0).await;
    let upload = client.upload("identifier=email");
    assert!(upload.send(lines(0..250)).await);
    eventually("it is under way", 30, async || {
        let count = world.database.count("SELECT count(*) FROM import_task", &[]).await;
        holds(count == 1, count)
    })
    .await;
    api.terminate();
    eventually("it takes nobody new", 30, async || {
        let refused = tokio::net::TcpStream::connect(api.address()).await.is_err();
        holds(refused, "it accepts connections")
    })
    .await;
    assert!(upload.send(lines(250..300)).await);
    let task = upload.finish().await.unwrap().task();
    assert_eq!(api.ended(40).await.code(), Some(0));

    let api = world.api().start().await;
    let _worker = world.worker().start().await;
    let seen = assert_converged(&world, &client.at(api.address()), &task).await;
    assert_eq!(seen["summary"]["inserted"], 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_a_stop_that_waits() {
    let world = World::new().await;
    let (mut api, client, _) = world.started(0).await;
    let upload = client.upload("identifier=email");
    assert!(upload.send(lines(0..250)).await);
    eventually("it is under way", 30, async || {
        let count = world.database.count("SELECT count(*) FROM import_task", &[]).await;
        holds(count == 1, count)
    })
    .await;
    api.terminate();
    eventually("it takes nobody new", 30, async || {
        let refused = tokio::net::TcpStream::connect(api.address()).await.is_err();
        holds(refused, "it accepts connections")
    })
    .await;
    assert!(!api.has_ended(), "it waits for the upload");
    // The grace is 25 s; another signal does not wait for it. (Those that come together are one.)
    eventually("another signal ends it", 15, async || {
        api.terminate();
        holds(api.has_ended(), "it runs")
    })
    .await;
    let status = api.ended(1).await;
    assert_ne!(status.code(), Some(0), "what was cut off is no success");
}

#[tokio::test(flavor = "multi_thread")]
async fn migrating_twice_and_from_two_places_at_once_is_safe() {
    let world = World::without_schema().await;
    let both = tokio::join!(world.role(&["migrate"]).run(), world.role(&["migrate"]).run());
    assert_eq!((both.0.code, both.1.code), (Some(0), Some(0)), "{both:?}");
    let again = world.role(&["migrate"]).run().await;
    assert_eq!(again.code, Some(0), "{again:?}");
    let twice = "SELECT count(*) - count(DISTINCT version) FROM refinery_schema_history";
    assert_eq!(world.database.count(twice, &[]).await, 0);
    world.create_project("acme").await;
    let api = world.api().start().await;
    let _worker = world.worker().start().await;
    let client = world.client(&api).await;
    let task = client.import_lines(lines(0..10)).await.task();
    assert_converged(&world, &client, &task).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_is_too_old_or_too_new_is_refused() {
    let empty = World::without_schema().await;
    let world = World::new().await;
    world.database.execute("UPDATE schema_release SET oldest_release_served = 99", &[]).await;
    for command in ["api", "worker"] {
        let ended = empty.role(&[command]).run().await;
        super::refusal::assert_one_sentence(&ended, "migrate");
        let ended = world.role(&[command]).run().await;
        super::refusal::assert_one_sentence(&ended, "newer release");
    }
}
