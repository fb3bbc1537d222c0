//! The commands, end to end, as a person at a terminal or a script would run them.

use serde_json::Value;

use crate::harness::{Ended, Process, World, assert_converged, eventually, holds, lines};

async fn run(world: &World, api: &Process, arguments: &[&str]) -> Ended {
    let key = world.folder.join("acme.key");
    let role = world.role(arguments).env("USER_IMPORT_URL", format!("http://{}", api.address()));
    role.env("USER_IMPORT_PROJECT", "acme").env("USER_IMPORT_KEY_FILE", key.display()).run().await
}

/// The one task that the API knows.
async fn only_task(client: &crate::harness::Client) -> String {
    let tasks = client.get("/users/import").await.json();
    let [task] = &tasks["tasks"].as_array().unwrap()[..] else { panic!("{tasks}") };
    task["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn submit_follows_an_import_to_its_end_and_exits_0() {
    let world = World::new().await;
    let (api, client, _workers) = world.started(1).await;
    let file = world.folder.join("users.ndjson");
    std::fs::write(&file, lines(0..500)).unwrap();
    let submit = ["submit", file.to_str().unwrap(), "--identifier", "email"];
    let ended = run(&world, &api, &submit).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let task = only_task(&client).await;
    let seen = assert_converged(&world, &client, &task).await;
    assert_eq!(seen["summary"]["inserted"], 500);
    let status = run(&world, &api, &["status", &task, "--json"]).await;
    let status: Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!(status["summary"], seen["summary"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn follow_reads_events_and_outlives_the_process_that_it_follows_at() {
    let world = World::new().await;
    let (mut api, client, _) = world.started(0).await;
    let task = client.import_lines(lines(0..300)).await.task();
    let role = world.role(&["follow", &task, "--json"]);
    let role = role
        .env("USER_IMPORT_URL", format!("http://{}", api.address()))
        .env("USER_IMPORT_PROJECT", "acme")
        .env("USER_IMPORT_KEY_FILE", world.folder.join("acme.key").display());
    let following = tokio::spawn(role.run());
    let reads_events = async || {
        eventually("its events are read", 30, async || {
            let metrics = client.metrics(client.address).await;
            let watched = metrics.sum("user_import_tasks_watched", "");
            holds(watched > 0.0, watched)
        })
        .await;
    };
    reads_events().await;
    api.terminate();
    assert_eq!(api.ended(40).await.code(), Some(0));
    let _api = world.api().env("LISTEN", client.address).start().await;
    reads_events().await;
    let _worker = world.worker().start().await;
    let ended = following.await.unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let shown: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(shown["summary"]["inserted"], 300);
}

#[tokio::test(flavor = "multi_thread")]
async fn submit_exits_3_when_records_failed() {
    let world = World::new().await;
    let (api, client, _workers) = world.started(1).await;
    let file = world.folder.join("users.ndjson");
    std::fs::write(&file, lines(0..5) + "{\"email\":1}\n").unwrap();
    let submit = ["submit", file.to_str().unwrap(), "--identifier", "email"];
    let ended = run(&world, &api, &submit).await;
    assert_eq!(ended.code, Some(3), "{ended:?}");
    let seen = assert_converged(&world, &client, &only_task(&client).await).await;
    assert_eq!(seen["summary"]["failed"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_generate_writes_is_imported_without_a_fault() {
    let world = World::new().await;
    let (_api, client, _workers) = world.started(1).await;
    let generated = world.role(&["generate", "500", "--seed", "7"]).run().await;
    assert_eq!(generated.code, Some(0), "{}", generated.stderr);
    let task = client.import_lines(generated.stdout).await.task();
    let seen = assert_converged(&world, &client, &task).await;
    assert_eq!(seen["summary"]["inserted"], 500, "{}", seen["summary"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_standalone_process_is_a_whole_deployment() {
    let world = World::new().await;
    let standalone = world.role(&["standalone"]).start().await;
    let client = world.client(&standalone).await;
    let task = client.import_lines(lines(0..300)).await.task();
    let seen = assert_converged(&world, &client, &task).await;
    assert_eq!(seen["summary"]["inserted"], 300);
    let health =
        world.role(&["healthcheck", "standalone"]).env("LISTEN", standalone.address()).run().await;
    assert_eq!(health.code, Some(0), "{health:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_secret_may_come_from_a_file() {
    let world = World::new().await;
    let mut role = world.role(&["standalone"]);
    let secrets = [
        ("DATABASE_URL", world.database.url.as_str()),
        ("AMQP_URL", &world.servers.amqp_url),
        ("MASTER_KEY", "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8="),
    ];
    for (name, value) in secrets {
        let file = world.folder.join(name);
        std::fs::write(&file, format!("{value}\n")).unwrap();
        role = role.without(name).env(&format!("{name}_FILE"), file.display());
    }
    let standalone = role.start().await;
    let client = world.client(&standalone).await;
    let task = client.import_lines(lines(0..10)).await.task();
    assert_converged(&world, &client, &task).await;
}
