//! A file that is sent again: its users are found by walking from one to the next.

use std::collections::HashMap;

use serde_json::Value;

use crate::harness::{Client, Process, World, assert_converged, lines};

/// Chunks that went each way.
async fn chunks(client: &Client, worker: &Process) -> [u64; 4] {
    let metrics = client.metrics(worker.address()).await;
    ["blind", "near", "quick", "sure"].map(|way| {
        metrics.sum("user_import_chunks_applied_total", &format!("way=\"{way}\"")) as u64
    })
}

/// Imports the file, and notes whose email got which id.
async fn import(world: &World, client: &Client, file: String, ids: &mut HashMap<String, String>) {
    let task = client.import_lines(file).await.task();
    let seen = assert_converged(world, client, &task).await;
    assert_eq!(seen["summary"]["inserted"], seen["summary"]["total"]);
    ids.extend(seen["details"].as_array().unwrap().iter().map(email_and_id));
}

fn email_and_id(detail: &Value) -> (String, String) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (text(&detail["record"]["email"]), text(&detail["user_id"]))
}

fn line(number: usize) -> String {
    lines(number..number + 1)
}

/// An API that cuts chunks of 600, enough to walk, and a worker.
async fn started(world: &World, concurrency: usize) -> (Process, Process) {
    let api = world.api().env("CHUNK_RECORDS", 600).start().await;
    (api, world.worker().env("WORKER_CONCURRENCY", concurrency).start().await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_sent_again_meets_the_same_users() {
    let world = World::new().await;
    let (api, worker) = started(&world, 2).await;
    let client = world.client(&api).await;
    let mut ids = HashMap::new();
    // Some of its users were there before the file came for the first time.
    let before = (0..2_400).filter(|number| number % 50 == 7).map(line).collect();
    import(&world, &client, before, &mut ids).await;
    let first = (0..2_400).filter(|number| number % 50 != 7).map(line).collect();
    import(&world, &client, first, &mut ids).await;
    assert_eq!(ids.len(), 2_400);
    let applied = chunks(&client, &worker).await;
    assert_eq!(applied, [5, 0, 0, 0]);

    // Sent again it has new users in between, one twice, and a record that is none.
    let mut file: Vec<String> = (0..2_400).map(line).collect();
    for number in 0..24 {
        file.insert(1 + 101 * number, line(10_000 + number));
    }
    file.insert(500, line(3));
    file.insert(700, "{\"email\":17}\n".to_owned());
    let again = client.import_lines(file.concat()).await.task();
    let seen = assert_converged(&world, &client, &again).await;
    let counts =
        ["inserted", "skipped", "failed"].map(|outcome| seen["summary"][outcome].as_u64().unwrap());
    assert_eq!(counts, [24, 2_401, 1]);
    let details = seen["details"].as_array().unwrap();
    for (email, id) in details.iter().filter(|it| it["outcome"] == "skipped").map(email_and_id) {
        assert_eq!(ids[&email], id, "{email}");
    }
    let applied = chunks(&client, &worker).await;
    assert_eq!(applied, [5, 5, 0, 0], "by walking, once a chunk had met a user");
}

#[tokio::test(flavor = "multi_thread")]
async fn users_that_lie_apart_are_asked_for_one_by_one() {
    let world = World::new().await;
    let (api, worker) = started(&world, 1).await;
    let client = world.client(&api).await;
    let mut ids = HashMap::new();
    // One file after the other has every tenth user, so that a chunk's lie among all of them.
    for turn in 0..10 {
        let file = (turn..6_000).step_by(10).map(line).collect();
        import(&world, &client, file, &mut ids).await;
    }
    let again = client.import_lines(lines(0..6_000)).await.task();
    let seen = assert_converged(&world, &client, &again).await;
    assert_eq!(seen["summary"]["skipped"], 6_000);
    for (email, id) in seen["details"].as_array().unwrap().iter().map(email_and_id) {
        assert_eq!(ids[&email], id, "{email}");
    }
    let applied = chunks(&client, &worker).await;
    assert_eq!(applied[1..], [1, 9, 0], "the first learnt it for the others");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_passes_by_the_users_of_another_project() {
    let world = World::new().await;
    world.create_project("other").await;
    let (api, worker) = started(&world, 1).await;
    let clients = [world.client(&api).await, world.client_of("other", &api).await];
    let mut ids = [HashMap::new(), HashMap::new()];
    // In turns, so that the ids of the one project lie between those of the other.
    for start in (0..600).step_by(100) {
        for (client, ids) in clients.iter().zip(&mut ids) {
            import(&world, client, lines(start..start + 100), ids).await;
        }
    }
    for (client, ids) in clients.iter().zip(&ids) {
        let task = client.import_lines(lines(0..600)).await.task();
        let seen = assert_converged(&world, client, &task).await;
        for (email, id) in seen["details"].as_array().unwrap().iter().map(email_and_id) {
            assert_eq!(ids[&email], id, "{email}");
        }
    }
    assert_eq!(chunks(&clients[0], &worker).await[1..], [2, 0, 0]);
}
