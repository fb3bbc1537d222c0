//! What happens to those who only listen: the collector of spans, the reader of the log.

use std::time::Duration;

use super::{Scenario, USUAL, seconds};
use crate::ground::signal;
use crate::harness::{Leg, Proxy, eventually, holds};
use crate::load::Told;
use crate::stage::{Stage, UNHURRIED};

pub const ALL: &[Scenario] = &[
    Scenario {
        name: "collector-away",
        does: "the collector of spans is silent for 15 s, then refuses for 10 s",
        faults_min: 6,
        run: |stage| Box::pin(collector_away(stage)),
        ..USUAL
    },
    Scenario {
        name: "log-blocked",
        does: "nobody reads what an API logs; 20 uploads to it are answered 200 after its pipe is full",
        run: |stage| Box::pin(log_blocked(stage)),
        ..USUAL
    },
];

async fn collector_away(stage: &mut Stage) -> u64 {
    let collector = Proxy::to(crate::harness::address_of(&stage.world.servers.amqp_url)).await;
    collector.set(Leg::Silent);
    let endpoint = format!("http://{}", collector.address);
    for member in stage.members_mut() {
        member.again_as(|role| role.env("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)).await;
    }
    seconds(15).await;
    collector.set(Leg::Cut);
    seconds(10).await;
    for member in stage.members_mut() {
        member.again_as(|role| role.without("OTEL_EXPORTER_OTLP_ENDPOINT")).await;
    }
    collector.hits() as u64
}

/// Of an API, for it logs every request: its pipe is full within seconds.
async fn log_blocked(stage: &mut Stage) -> u64 {
    stage.apis[0].again_as(|role| role.logged_by_a_reader().failpoints(UNHURRIED)).await;
    let api = &stage.apis[0].process;
    let reader = api.reader().expect("it was started with one");
    signal(reader, "STOP");
    let client = &stage.clients[0];
    eventually("its pipe is full", 240, async || {
        // Each look is a line.
        let look = client.get("/users/import");
        let _ = tokio::time::timeout(Duration::from_secs(5), look).await;
        holds(api.is_blocked(), "it goes on")
    })
    .await;
    let mut caller = stage.caller();
    caller.clients.truncate(1);
    for _ in 0..20 {
        let mut sent = caller.plan_of(10);
        let answer = caller.send(&sent).await;
        let Told::Task(task) = answer else { panic!("the API whose log is full says {answer:?}") };
        sent.task = Some(task);
        stage.seen.sent.lock().await.push(sent);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let still = stage.apis[0].process.is_blocked();
    signal(reader, "CONT");
    u64::from(still)
}
