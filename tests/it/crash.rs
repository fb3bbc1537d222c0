//! A process that dies at a named step: nothing is lost, nothing is done twice.

use crate::harness::{Process, World, answer, assert_converged, eventually, lines};

/// Starts an API and a worker, one of which dies at `step`, imports 500 users through whatever
/// happens, starts the dead one again and checks what there is.
async fn dies_at(role: &str, step: &str) {
    let world = World::new().await;
    let deadly = format!("{step}=kill@2");
    let short_lease = |role: crate::harness::Role| {
        // A narrow window, so that there is more than one claim.
        let role = role.env("CHUNK_RECORDS", 50).env("IN_FLIGHT_CHUNKS", 2);
        role.env("CHUNK_LEASE_SECONDS", 2)
    };
    let (api_fails, worker_fails) =
        if role == "api" { (deadly.as_str(), "") } else { ("", deadly.as_str()) };
    let mut api = short_lease(world.api()).failpoints(api_fails).start().await;
    let client = world.client(&api).await;
    let mut worker = world.worker().failpoints(worker_fails).start().await;
    let task = client.import_lines(lines(0..500)).await.task();

    let dead = if role == "api" { &mut api } else { &mut worker };
    assert_died(dead, step).await;
    dead.restart().await;
    let client = client.at(api.address());
    let seen = assert_converged(&world, &client, &task).await;
    assert_eq!(seen["summary"]["inserted"], 500, "{step}");
    assert_eq!(world.database.count("SELECT count(*) FROM directory_user", &[]).await, 500);
}

async fn assert_died(process: &mut Process, step: &str) {
    let status = process.ended(60).await;
    assert!(crate::harness::was_killed(status), "it was to die at {step}: {status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_dies_after_its_claim_loses_nothing() {
    dies_at("api", "relay.after_claim").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_dies_after_a_publish_loses_nothing() {
    dies_at("api", "relay.after_publish").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_dies_after_a_confirm_loses_nothing() {
    dies_at("api", "relay.after_confirm").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_after_the_fence_loses_nothing() {
    dies_at("worker", "apply.after_fence").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_before_its_commit_loses_nothing() {
    dies_at("worker", "apply.before_commit").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_dies_between_commit_and_ack_does_nothing_twice() {
    dies_at("worker", "apply.after_commit").await;
}

/// The caller of an upload hears nothing when the API dies; what it does is to send it again with
/// the same key.
async fn intake_dies_at(step: &str) {
    let world = World::new().await;
    let role = world.api().env("CHUNK_RECORDS", 50).env("CHUNK_LEASE_SECONDS", 2);
    let mut api = role.failpoints(&format!("{step}=kill")).start().await;
    let client = world.client(&api).await;
    let _worker = world.worker().start().await;
    let request = |client: &crate::harness::Client| {
        client.ndjson("identifier=email").header("idempotency-key", "once").body(lines(0..500))
    };
    assert!(request(&client).send().await.is_err(), "nobody answered");
    assert_died(&mut api, step).await;

    api.restart().await;
    let client = client.at(api.address());
    let task = answer(request(&client)).await.task();
    let seen = assert_converged(&world, &client, &task).await;
    assert_eq!(seen["summary"]["inserted"], 500, "{step}");
    let received = "SELECT count(*) FROM import_task WHERE received_at IS NOT NULL";
    assert_eq!(world.database.count(received, &[]).await, 1, "one task came of it: {step}");
    assert_eq!(world.database.count("SELECT count(*) FROM directory_user", &[]).await, 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_dies_after_the_task_row_has_started_nothing() {
    intake_dies_at("intake.after_task_row").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_dies_after_some_chunks_has_started_nothing() {
    intake_dies_at("intake.after_chunks").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_dies_before_the_end_of_an_upload_has_started_nothing() {
    intake_dies_at("intake.before_finish").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_dies_before_its_answer_keeps_the_task_for_the_same_key() {
    intake_dies_at("intake.after_finish").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_step_of_the_worker_is_tried_again() {
    let world = World::new().await;
    let (_api, client, _) = world.started(0).await;
    let fails = "apply.after_fence=fail@2;apply.before_commit=fail@4;apply.after_commit=fail@3";
    let worker = world.worker().failpoints(fails).start().await;
    let task = client.import_lines(lines(0..1000)).await.task();
    let seen = assert_converged(&world, &client, &task).await;
    assert_eq!(seen["summary"]["inserted"], 1000);
    eventually("the faults were counted", 30, async || {
        let retries =
            client.metrics(worker.address()).await.sum("user_import_transient_retries_total", "");
        crate::harness::holds(retries >= 2.0, retries)
    })
    .await;
}
