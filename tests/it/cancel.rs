//! A task that is stopped on its way.

use crate::harness::{World, assert_converged, eventually, holds, lines};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_changes_after_a_cancel_is_answered() {
    let world = World::new().await;
    let (_api, client, _) = world.started(0).await;
    // Every chunk stands between its writes and its commit when the cancel comes.
    let slow = world.worker().failpoints("apply.before_commit=delay:400");
    let _workers = [slow.clone().start().await, slow.start().await];
    let task = client.import_lines(lines(0..3000)).await.task();
    eventually("some are applied", 60, async || {
        let seen = client.status(&task).await["summary"]["inserted"].clone();
        holds(seen.as_u64().unwrap() >= 300, seen)
    })
    .await;
    let answer = client.cancel(&task).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let at_once = client.task(&task).await;
    let users = world.database.count("SELECT count(*) FROM directory_user", &[]).await;
    // What stood between its writes and its commit has its turn, before anybody looks again.
    eventually("no transaction is open", 30, async || {
        let open = "SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
              AND state IN ('active', 'idle in transaction')";
        let open = world.database.count(open, &[]).await;
        holds(open == 0, format!("{open} are open"))
    })
    .await;

    let later = assert_converged(&world, &client, &task).await;
    assert_eq!(later["status"], "cancelled");
    assert_eq!(at_once, later);
    assert_eq!(answer.json()["summary"], later["summary"]);
    assert_eq!(world.database.count("SELECT count(*) FROM directory_user", &[]).await, users);
    assert_eq!(later["summary"]["inserted"], users);
    assert!((300..3000).contains(&users), "it was stopped in the middle: {users}");
    let dead = world.broker.ready(&world.broker.dead()).await;
    assert_eq!(dead, 0, "what was on its way means nothing any more, and is no fault");
    assert_eq!(client.cancel(&task).await.status, 409, "it is pending no more");
}
