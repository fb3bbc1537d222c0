//! What happens to those who only listen: the collector of spans, the reader of the log.

use std::time::Duration;

use super::{Scenario, USUAL};
use crate::ground::signal;
use crate::harness::{Leg, Proxy, eventually, holds};
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
        does: "nobody reads what a worker and an API log, until 30 s after their pipes are full",
        faults_min: 2,
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
    tokio::time::sleep(Duration::from_secs(15)).await;
    collector.set(Leg::Cut);
    tokio::time::sleep(Duration::from_secs(10)).await;
    for member in stage.members_mut() {
        member.again_as(|role| role.without("OTEL_EXPORTER_OTLP_ENDPOINT")).await;
    }
    collector.hits() as u64
}

async fn log_blocked(stage: &mut Stage) -> u64 {
    let verbose = |role: crate::harness::Role| {
        role.env("RUST_LOG", "debug").logged_by_a_reader().failpoints(UNHURRIED)
    };
    stage.apis[0].again_as(verbose).await;
    stage.workers[0].again_as(verbose).await;
    let readers: Vec<u32> = [&stage.apis[0], &stage.workers[0]]
        .iter()
        .map(|member| member.process.reader().expect("it was started with one"))
        .collect();
    for reader in &readers {
        signal(*reader, "STOP");
    }
    for member in [&stage.apis[0], &stage.workers[0]] {
        eventually("its pipe is full", 240, async || {
            holds(member.process.is_blocked(), "it goes on")
        })
        .await;
    }
    tokio::time::sleep(Duration::from_secs(30)).await;
    for reader in &readers {
        signal(*reader, "CONT");
    }
    2
}
