//! What time takes away.

use crate::harness::{World, assert_converged, eventually, holds, lines};

async fn await_empty(world: &World, tables: &[&str]) {
    for table in tables {
        let sql = format!("SELECT count(*) FROM {table}");
        eventually(&format!("{table} is empty"), 100, async || {
            let count = world.database.count(&sql, &[]).await;
            holds(count == 0, count)
        })
        .await;
    }
}

const OF_IMPORTS: [&str; 5] =
    ["import_chunk", "import_chunk_wait", "import_chunk_attempt", "import_task_key", "import_task"];

#[tokio::test(flavor = "multi_thread")]
async fn a_task_past_its_retention_is_gone_and_its_users_stay() {
    let world = World::new().await;
    let (api, client, _workers) = world.started(1).await;
    let task = client.import_lines(lines(0..300)).await.task();
    assert_converged(&world, &client, &task).await;
    let young = client.import_lines(lines(300..400)).await.task();
    assert_converged(&world, &client, &young).await;
    let age = "UPDATE import_task SET ended_at = ended_at - interval '25 hours' WHERE id = $1";
    assert_eq!(world.database.execute(age, &[&task]).await, 1);

    eventually("the old task answers 404", 100, async || {
        let status = client.get(&format!("/users/import/{task}")).await.status;
        holds(status == 404, status)
    })
    .await;
    let left = "SELECT count(*) FROM import_task WHERE id = $1";
    eventually("its rows are swept", 100, async || {
        let count = world.database.count(left, &[&task]).await;
        holds(count == 0, count)
    })
    .await;
    assert_eq!(
        world.database.count("SELECT count(*) FROM import_chunk", &[]).await,
        1,
        "the young one's"
    );
    assert_converged(&world, &client, &young).await;
    assert_eq!(world.database.count("SELECT count(*) FROM directory_user", &[]).await, 400);
    assert!(
        client.metrics(api.address()).await.sum("user_import_janitor_tasks_gone_total", "") >= 1.0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_whose_api_died_is_taken_away() {
    let world = World::new().await;
    let (mut api, client, _) = world.started(0).await;
    let upload = client.upload("identifier=email");
    assert!(upload.send(lines(0..350)).await);
    eventually("some chunks are staged", 30, async || {
        let count = world.database.count("SELECT count(*) FROM import_chunk", &[]).await;
        holds(count > 0, count)
    })
    .await;
    api.kill();
    upload.break_off().await;
    let left = "SELECT count(*) FROM import_task WHERE received_at IS NULL AND gone_at IS NULL";
    assert_eq!(world.database.count(left, &[]).await, 1, "nobody was there to let it go");
    let age = "UPDATE import_task SET touched_at = touched_at - interval '11 minutes'";
    world.database.execute(age, &[]).await;
    let _api = world.api().start().await;
    await_empty(&world, &OF_IMPORTS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_task_loses_its_payloads_and_keeps_its_outcomes() {
    let world = World::new().await;
    let (_api, client, _) = world.started(0).await;
    let slow =
        world.worker().env("WORKER_CONCURRENCY", 1).failpoints("apply.before_commit=delay:300");
    let _worker = slow.start().await;
    let task = client.import_lines(lines(0..1000)).await.task();
    eventually("some are applied", 60, async || {
        let seen = client.status(&task).await["summary"]["inserted"].clone();
        holds(seen.as_u64().unwrap() > 0, seen)
    })
    .await;
    assert_eq!(client.cancel(&task).await.status, 200);
    let before = client.task(&task).await;
    eventually("no payload is left", 100, async || {
        let sql = "SELECT count(*) FROM import_chunk WHERE sealed IS NOT NULL";
        let count = world.database.count(sql, &[]).await;
        holds(count == 0, count)
    })
    .await;
    assert_eq!(assert_converged(&world, &client, &task).await, before);
}
