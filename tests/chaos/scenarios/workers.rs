//! What happens to processes.

use std::time::Duration;

use super::{Scenario, USUAL, seconds};
use crate::harness::{eventually, was_killed};
use crate::stage::Stage;

pub const ALL: &[Scenario] = &[
    Scenario {
        name: "killed-at-each-step",
        does: "an abort at each of eleven steps of intake, relay and apply",
        faults_min: 11,
        run: |stage| Box::pin(killed_at_each_step(stage)),
        ..USUAL
    },
    Scenario {
        name: "killed-at-random",
        is_short: true,
        does: "`kill -9` of one of the six, every second for 20 s",
        faults_min: 15,
        run: |stage| Box::pin(killed_at_random(stage)),
        ..USUAL
    },
    Scenario {
        name: "workers-away",
        does: "`kill -9` of all workers for 30 s",
        faults_min: 4,
        completes: false,
        accepts: true,
        run: |stage| Box::pin(workers_away(stage)),
        ..USUAL
    },
    Scenario {
        name: "told-to-stop",
        does: "SIGTERM to one of the six every 2 s, a second one in the middle of every third drain",
        faults_min: 12,
        run: |stage| Box::pin(told_to_stop(stage)),
        ..USUAL
    },
    Scenario {
        name: "worker-frozen",
        does: "SIGSTOP of a worker for 70 s, past heartbeat and lease, then SIGCONT",
        faults_min: 1,
        accepts: true,
        run: |stage| Box::pin(worker_frozen(stage)),
        ..USUAL
    },
    Scenario {
        name: "scaled-up-and-down",
        does: "workers 4 → 8 → 1 → 8 → 1 → 4, every 5 s, by SIGTERM",
        faults_min: 14,
        accepts: true,
        run: |stage| Box::pin(scaled_up_and_down(stage)),
        ..USUAL
    },
];

const STEPS_OF_AN_API: [&str; 8] = [
    "intake.after_task_row",
    "intake.after_chunks",
    "intake.before_finish",
    "intake.before_commit",
    "intake.after_finish",
    "relay.after_claim",
    "relay.after_publish",
    "relay.after_confirm",
];
const STEPS_OF_A_WORKER: [&str; 3] =
    ["apply.after_fence", "apply.before_commit", "apply.after_commit"];

async fn killed_at_each_step(stage: &mut Stage) -> u64 {
    let mut deaths = 0;
    for step in [&STEPS_OF_AN_API[..], &STEPS_OF_A_WORKER].concat() {
        let (pass, choice) = (1 + stage.random.below(4), stage.random.next() as usize);
        let group =
            if STEPS_OF_A_WORKER.contains(&step) { &mut stage.workers } else { &mut stage.apis };
        let number = choice % group.len();
        let member = &mut group[number];
        member.again_with(&format!("{step}=kill@{pass}")).await;
        let status = member.process.ended(120).await;
        assert!(was_killed(status), "{step}: {status}");
        deaths += 1;
        member.again().await;
    }
    deaths
}

async fn killed_at_random(stage: &mut Stage) -> u64 {
    for _ in 0..20 {
        let number = stage.random.below(6) as usize;
        let member = stage.members_mut().nth(number).unwrap();
        member.process.kill();
        member.again().await;
        seconds(1).await;
    }
    20
}

async fn workers_away(stage: &mut Stage) -> u64 {
    let killed = stage.workers.iter_mut().map(|worker| worker.process.kill());
    let killed = killed.filter(|status| was_killed(*status)).count() as u64;
    seconds(30).await;
    for worker in &mut stage.workers {
        worker.again().await;
    }
    killed
}

async fn told_to_stop(stage: &mut Stage) -> u64 {
    for round in 0..12 {
        let number = stage.random.below(6) as usize;
        let member = stage.members_mut().nth(number).unwrap();
        member.process.terminate();
        if round % 3 == 2 {
            // Past the half second in which two signals are one.
            tokio::time::sleep(Duration::from_millis(600)).await;
            member.process.terminate();
        }
        let status = member.process.ended(60).await;
        assert!(status.code().is_some(), "a drain ended with {status}");
        member.again().await;
        seconds(2).await;
    }
    12
}

async fn worker_frozen(stage: &mut Stage) -> u64 {
    let number = stage.random.below(4) as usize;
    let worker = &mut stage.workers[number].process;
    worker.freeze();
    let stat = format!("/proc/{}/stat", worker.pid());
    eventually("the worker is frozen", 10, async || {
        let text = std::fs::read_to_string(&stat).unwrap();
        if text.contains(") T ") { Ok(()) } else { Err(text) }
    })
    .await;
    seconds(70).await;
    worker.thaw();
    assert!(!worker.has_ended(), "a thawed worker goes on");
    1
}

async fn scaled_up_and_down(stage: &mut Stage) -> u64 {
    let mut dismissed = 0;
    for count in [8, 1, 8, 1, 4] {
        while stage.workers.len() < count {
            stage.hire().await;
        }
        let mut gone = stage.workers.split_off(count);
        for worker in &gone {
            worker.process.terminate();
        }
        for worker in &mut gone {
            let status = worker.process.ended(60).await;
            assert_eq!(status.code(), Some(0), "{}", worker.process.log());
            dismissed += 1;
        }
        seconds(5).await;
    }
    dismissed
}
