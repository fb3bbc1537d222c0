//! Anything, at any time.

use std::time::{Duration, Instant};

use super::{Place, Scenario, USUAL};
use crate::harness::{Leg, variable};
use crate::stage::Stage;

pub const ALL: &[Scenario] = &[Scenario {
    name: "mix",
    does: "one random fault after the other, for `CHAOS_SECONDS` (300)",
    place: Place::Private,
    faults_min: 5,
    run: |stage| Box::pin(mix(stage)),
    ..USUAL
}];

async fn mix(stage: &mut Stage) -> u64 {
    let length = Duration::from_secs(variable("CHAOS_SECONDS").unwrap_or(300));
    let until = Instant::now() + length;
    let mut faults = 0;
    while Instant::now() < until {
        one(stage).await;
        faults += 1;
        let pause = 500 + stage.random.below(4_000);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    faults
}

async fn one(stage: &mut Stage) {
    let number = stage.random.below(6) as usize;
    let a_while = Duration::from_millis(500 + stage.random.below(8_000));
    match stage.random.below(10) {
        0..=2 => {
            let member = stage.members_mut().nth(number).unwrap();
            member.process.kill();
            tokio::time::sleep(a_while / 4).await;
            member.again().await;
        }
        3 => {
            let member = stage.members_mut().nth(number).unwrap();
            member.process.terminate();
            member.process.ended(60).await;
            member.again().await;
        }
        4 => {
            let worker = stage.random.below(4) as usize;
            stage.workers[worker].process.freeze();
            tokio::time::sleep(a_while).await;
            stage.workers[worker].process.thaw();
        }
        5 | 6 => {
            let legs = [Leg::Reset, Leg::Silent, Leg::ToClientOnly, Leg::LoseCommits(3)];
            let leg = *stage.random.pick(&legs);
            let wire = stage.random.pick(&stage.wires()).clone();
            wire.set(leg);
            tokio::time::sleep(a_while).await;
            wire.cut_all().await;
        }
        7 => {
            let broker = &stage.world.broker;
            // The broker may be on its way back from another fault: then nothing is purged.
            broker.purge(&broker.bulk()).await;
        }
        8 => {
            stage.ground().servers(&["kill", "rabbitmq"]).await;
            stage.ground().servers(&["start"]).await;
            stage.world.broker.renew();
        }
        _ => {
            stage.ground().servers(&["kill", "postgres"]).await;
            stage.ground().servers(&["start"]).await;
        }
    }
}
