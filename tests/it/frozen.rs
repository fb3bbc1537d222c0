//! A process that stands still in the middle of a transaction.

use crate::harness::{World, assert_converged, eventually, holds, lines};

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_worker_s_locks_end() {
    let world = World::new().await;
    let api = world.api().env("CHUNK_LEASE_SECONDS", 2).start().await;
    let client = world.client(&api).await;
    let frozen = world.worker().failpoints("apply.before_commit=stall").start().await;
    let task = client.import_lines(lines(0..100)).await.task();
    let holder = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND state = 'idle in transaction'";
    eventually("the worker stands inside its transaction", 60, async || {
        let count = world.database.count(holder, &[]).await;
        holds(count > 0, count)
    })
    .await;
    frozen.freeze();
    assert_eq!(client.status(&task).await["summary"]["inserted"], 0);

    let other = world.worker().start().await;
    client.wait(&task, 120).await;
    let applied = client.metrics(other.address()).await.sum("user_import_chunks_applied_total", "");
    assert_eq!(applied as i64, 1, "the other worker did it");
    // What the frozen one still holds is stale when it wakes.
    frozen.thaw();
    assert_converged(&world, &client, &task).await;
    assert_eq!(world.database.count("SELECT count(*) FROM directory_user", &[]).await, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_api_does_not_keep_its_project_from_importing() {
    let world = World::new().await;
    let frozen = world.api().failpoints("intake.before_commit=stall").start().await;
    let stuck = world.client(&frozen).await;
    let upload = tokio::spawn(async move { stuck.import_lines(lines(0..10)).await });
    // It holds the project's row, which every upload's last step needs.
    let holder = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND state = 'idle in transaction'";
    eventually("the API stands inside its transaction", 60, async || {
        let count = world.database.count(holder, &[]).await;
        holds(count > 0, count)
    })
    .await;
    frozen.freeze();

    let other = world.api().start().await;
    let client = world.client(&other).await;
    let _worker = world.worker().start().await;
    let import = client.import_lines(lines(10..20));
    let answer = tokio::time::timeout(std::time::Duration::from_mins(2), import).await;
    let task = answer.expect("the other API answers").task();
    assert_converged(&world, &client, &task).await;
    let users = "SELECT count(*) FROM directory_user";
    assert_eq!(world.database.count(users, &[]).await, 10, "the frozen one has started nothing");
    upload.abort();
}
