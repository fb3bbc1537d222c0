//! What a process says of itself.

use serde_json::json;

use crate::harness::{Leg, Proxy, World, assert_converged, eventually, holds, lines};

#[tokio::test(flavor = "multi_thread")]
async fn both_roles_answer_for_their_health_and_metrics() {
    let world = World::new().await;
    let (api, client, workers) = world.started(1).await;
    let task = client.import_lines(lines(0..300)).await.task();
    assert_converged(&world, &client, &task).await;
    for address in [api.address(), workers[0].address()] {
        assert_eq!(client.public(address, "/healthz").await.status, 200);
        eventually("it is ready", 30, async || {
            let ready = client.public(address, "/readyz").await;
            let expected = json!({"ready": true, "checks": {"postgres": "ok", "rabbitmq": "ok"}});
            holds(ready.status == 200 && ready.json() == expected, ready.text)
        })
        .await;
        let metrics = client.public(address, "/metrics").await;
        assert_eq!(metrics.status, 200);
        assert!(metrics.headers["content-type"].to_str().unwrap().starts_with("text/plain"));
    }
    let of_api = client.metrics(api.address()).await;
    assert_eq!(of_api.sum("user_import_intake_records_total", "") as i64, 300);
    assert_eq!(of_api.sum("user_import_tasks_accepted_total", "") as i64, 1);
    let of_worker = client.metrics(workers[0].address()).await;
    assert_eq!(of_worker.sum("user_import_records_total", "outcome=\"inserted\"") as i64, 300);
    assert_eq!(of_worker.sum("user_import_tasks_ended_total", "completed") as i64, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_stays_ready_while_only_the_broker_is_away_and_a_worker_does_not() {
    let world = World::new().await;
    let (proxy, through) = Proxy::before(&world.servers.amqp_url).await;
    let api = world.api().env("AMQP_URL", &through).start().await;
    let worker = world.worker().env("AMQP_URL", &through).start().await;
    let client = world.client(&api).await;
    let says = async |address, status: u16, postgres: &str, rabbitmq: &str| {
        eventually(
            &format!("{status}, postgres {postgres}, rabbitmq {rabbitmq}"),
            60,
            async || {
                let seen = client.public(address, "/readyz").await;
                let checks = json!({"postgres": postgres, "rabbitmq": rabbitmq});
                holds(seen.status == status && seen.json()["checks"] == checks, seen.text)
            },
        )
        .await;
    };
    says(api.address(), 200, "ok", "ok").await;
    says(worker.address(), 200, "ok", "ok").await;
    proxy.set(Leg::Cut);
    says(api.address(), 200, "ok", "unreachable").await;
    says(worker.address(), 503, "ok", "unreachable").await;
    assert_eq!(client.public(worker.address(), "/healthz").await.status, 200);
    proxy.set(Leg::Pass);
    says(api.address(), 200, "ok", "ok").await;
    says(worker.address(), 200, "ok", "ok").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_postgres_neither_is_ready_and_a_caller_is_told_to_come_back() {
    let world = World::new().await;
    let (proxy, through) = Proxy::before(&world.database.url).await;
    let api = world.api().env("DATABASE_URL", &through).env("CHUNK_RECORDS", 100).start().await;
    let worker = world.worker().env("DATABASE_URL", &through).start().await;
    let client = world.client(&api).await;
    proxy.set(Leg::Cut);
    for address in [api.address(), worker.address()] {
        eventually("it is not ready", 60, async || {
            let seen = client.public(address, "/readyz").await;
            holds(
                seen.status == 503 && seen.json()["checks"]["postgres"] == "unreachable",
                seen.text,
            )
        })
        .await;
        assert_eq!(client.public(address, "/healthz").await.status, 200);
    }
    let refused = client.import_lines(lines(0..10)).await;
    assert_eq!(refused.status, 503, "{}", refused.text);
    assert!(refused.headers.contains_key("retry-after"));
    proxy.set(Leg::Pass);
    let task = eventually("it takes imports again", 60, async || {
        let answer = client.import_lines(lines(0..300)).await;
        if answer.status == 200 { Ok(answer.task()) } else { Err(answer.text) }
    })
    .await;
    assert_converged(&world, &client, &task).await;
}
