//! What happens on the wires.

use std::io;
use std::time::Duration;

use async_compression::tokio::write::GzipEncoder;
use tokio::io::AsyncWriteExt;

use super::{Scenario, USUAL, seconds};
use crate::harness::Leg;
use crate::stage::Stage;

pub const ALL: &[Scenario] = &[
    Scenario {
        name: "slow-wires",
        is_short: true,
        does: "every piece between a process and a server takes 5 to 40 ms longer, for 20 s",
        faults_min: 50,
        accepts: true,
        run: |stage| Box::pin(slow_wires(stage)),
        ..USUAL
    },
    Scenario {
        name: "throttled-wires",
        does: "200 KB/s a connection and direction, callers' too, for 20 s",
        faults_min: 20,
        run: |stage| Box::pin(throttled_wires(stage)),
        ..USUAL
    },
    Scenario {
        name: "half-open",
        does: "a worker's Postgres, another's RabbitMQ and an API's RabbitMQ fall silent for 60 s, then cut",
        faults_min: 3,
        run: |stage| Box::pin(half_open(stage)),
        ..USUAL
    },
    Scenario {
        name: "one-way",
        does: "to an API's and a worker's Postgres and another's RabbitMQ only one direction passes for 25 s, then cut",
        faults_min: 3,
        run: |stage| Box::pin(one_way(stage)),
        ..USUAL
    },
    Scenario {
        name: "reset-wires",
        is_short: true,
        does: "three wires in random places are reset every second, for 20 s",
        faults_min: 10,
        run: |stage| Box::pin(reset_wires(stage)),
        ..USUAL
    },
    Scenario {
        name: "cut-after-bytes",
        is_short: true,
        does: "every connection to a server is reset after 40 to 400 KB, for 20 s",
        faults_min: 3,
        run: |stage| Box::pin(cut_after_bytes(stage)),
        ..USUAL
    },
    Scenario {
        name: "lost-commits",
        is_short: true,
        does: "every fifth answer to a COMMIT is lost in a reset, for 20 s",
        faults_min: 3,
        run: |stage| Box::pin(lost_commits(stage)),
        ..USUAL
    },
    Scenario {
        name: "broken-uploads",
        is_short: true,
        does: "60 uploads stall or disconnect at a random byte of their gzip stream",
        faults_min: 50,
        accepts: true,
        run: |stage| Box::pin(broken_uploads(stage)),
        ..USUAL
    },
];

const STRETCH: Duration = Duration::from_secs(20);

async fn slow_wires(stage: &mut Stage) -> u64 {
    let before = stage.hits();
    for _ in 0..10 {
        for number in 0..stage.wires().len() {
            let pause = Duration::from_millis(5 + stage.random.below(35));
            stage.wires()[number].set(Leg::Delay(pause));
        }
        tokio::time::sleep(STRETCH / 10).await;
    }
    calm(stage);
    stage.hits() - before
}

async fn throttled_wires(stage: &mut Stage) -> u64 {
    let before = stage.hits();
    stage.wires().iter().for_each(|wire| wire.set(Leg::Throttle(200_000)));
    tokio::time::sleep(STRETCH).await;
    calm(stage);
    stage.hits() - before
}

fn calm(stage: &Stage) {
    stage.wires().iter().for_each(|wire| wire.set(Leg::Pass));
}

/// What fell silent is never heard of again: new connections are made after it.
async fn end_of_silence(stage: &Stage) {
    for wire in stage.wires() {
        wire.cut_all().await;
    }
}

async fn half_open(stage: &mut Stage) -> u64 {
    let before = stage.hits();
    let (api, first) = (stage.random.below(2) as usize, stage.random.below(4) as usize);
    stage.apis[api].rabbitmq.set(Leg::Silent);
    stage.workers[first].postgres.set(Leg::Silent);
    stage.workers[(first + 1) % 4].rabbitmq.set(Leg::Silent);
    seconds(60).await;
    let hits = stage.hits() - before;
    end_of_silence(stage).await;
    hits
}

async fn one_way(stage: &mut Stage) -> u64 {
    let before = stage.hits();
    let (api, first) = (stage.random.below(2) as usize, stage.random.below(4) as usize);
    for wire in [
        stage.apis[api].postgres.clone(),
        stage.workers[first].postgres.clone(),
        stage.workers[(first + 1) % 4].rabbitmq.clone(),
    ] {
        wire.set(*stage.random.pick(&[Leg::ToServerOnly, Leg::ToClientOnly]));
    }
    seconds(25).await;
    let hits = stage.hits() - before;
    end_of_silence(stage).await;
    hits
}

async fn reset_wires(stage: &mut Stage) -> u64 {
    let before = stage.hits();
    for _ in 0..20 {
        for _ in 0..3 {
            let number = stage.random.below(stage.wires().len() as u64) as usize;
            stage.wires()[number].set(Leg::Reset);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        calm(stage);
        tokio::time::sleep(Duration::from_millis(800)).await;
    }
    stage.hits() - before
}

async fn cut_after_bytes(stage: &mut Stage) -> u64 {
    let before = stage.hits();
    for member in 0..6 {
        let bytes = 40_000 + stage.random.below(360_000) as usize;
        let member = stage.members().nth(member).unwrap();
        member.postgres.set(Leg::CutAfter(bytes));
        member.rabbitmq.set(Leg::CutAfter(bytes));
    }
    tokio::time::sleep(STRETCH).await;
    calm(stage);
    stage.hits() - before
}

async fn lost_commits(stage: &mut Stage) -> u64 {
    let before = stage.hits();
    stage.members().for_each(|member| member.postgres.set(Leg::LoseCommits(5)));
    tokio::time::sleep(STRETCH).await;
    calm(stage);
    stage.hits() - before
}

async fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzipEncoder::new(Vec::new());
    encoder.write_all(text.as_bytes()).await.unwrap();
    encoder.shutdown().await.unwrap();
    encoder.into_inner()
}

async fn broken_uploads(stage: &mut Stage) -> u64 {
    let mut caller = stage.caller();
    let mut broken = 0;
    for number in 0..60 {
        let sent = caller.plan_big();
        let whole = gzip(&sent.oracle.body()).await;
        let cut = stage.random.below(whole.len() as u64) as usize;
        let (begin, stalls) = (whole[..cut].to_vec(), number % 2 == 0);
        let pieces = futures_util::stream::unfold(Some(begin), move |begin| async move {
            match begin {
                Some(begin) => Some((Ok(begin), None)),
                None if stalls => std::future::pending().await,
                None => Some((Err(io::Error::other("the caller goes away")), None)),
            }
        });
        let client = stage.random.pick(&stage.clients).clone();
        let request = client
            .ndjson("identifier=email")
            .header("idempotency-key", &sent.key)
            .header("content-encoding", "gzip")
            .body(reqwest::Body::wrap_stream(pieces))
            .timeout(Duration::from_millis(300));
        let answer = request.send().await;
        assert!(answer.is_err(), "an upload that broke off was answered {answer:?}");
        broken += 1;
        stage.seen.sent.lock().await.push(sent);
    }
    broken
}
