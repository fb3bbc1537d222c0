//! Whatever goes wrong, nothing is lost and nothing happens twice: `kill -9` of a random process
//! every second while 50,000 records go through, and a matrix of named scenarios.
//!
//! The seed decides who dies, which records fail and which come twice; it is printed, and
//! `CHAOS_SEED` repeats it. `CHAOS_SCENARIO` names scenarios by a part of their name, or `all`;
//! without it a run plays two that need no servers of their own. The oracle knows beforehand what
//! each record becomes: whatever the kills do, nothing may be lost, nothing may happen twice, and no
//! poll may see the summary run backwards.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(
    clippy::disallowed_methods,
    reason = "the harness starts processes and reads where the servers are"
)]

#[path = "chaos/caller.rs"]
mod caller;
#[path = "chaos/fleet.rs"]
mod fleet;
#[path = "chaos/ground.rs"]
mod ground;
#[path = "it/harness/mod.rs"]
mod harness;
#[path = "chaos/load.rs"]
mod load;
#[path = "chaos/matrix.rs"]
mod matrix;
#[path = "chaos/oracle.rs"]
mod oracle;
#[path = "chaos/previous.rs"]
mod previous;
#[path = "chaos/random.rs"]
mod random;
#[path = "chaos/scenarios/mod.rs"]
mod scenarios;
#[path = "chaos/stage.rs"]
mod stage;
#[path = "chaos/tap.rs"]
mod tap;
#[path = "chaos/verdict.rs"]
mod verdict;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use fleet::Fleet;
use futures_util::FutureExt;
use ground::Ground;
use harness::{World, assert_converged, variable};
use matrix::Scale;
use oracle::Oracle;
use random::Random;
use scenarios::{Place, Scenario};

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_killed_nothing_is_lost_and_nothing_happens_twice() {
    let seed = variable("CHAOS_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    let records = variable("CHAOS_RECORDS").unwrap_or(50_000);
    println!("CHAOS_SEED={seed} CHAOS_RECORDS={records}");
    round(seed, records).await;
}

/// Seeds that once failed, and by what. They are played before a seed of the day.
const REGRESSIONS: &[(&str, u64)] = &[
    // An API that was cut off inside its last transaction held its project's row, and with it every
    // other upload.
    ("one-way", 20_261_127),
    // A binding that was removed was never declared anew.
    ("bindings-removed", 20_261_127),
    // A relay was refused for ever by a queue that had room again.
    ("queue-full", 20_261_206),
];

/// What the environment asks for, or two that need no servers of their own.
fn chosen(random: &mut Random) -> Vec<&'static Scenario> {
    let all = scenarios::all();
    match std::env::var("CHAOS_SCENARIO").as_deref() {
        Ok("all") => all,
        Ok("shared") => all.into_iter().filter(|it| it.place == Place::Shared).collect(),
        Ok("private") => all.into_iter().filter(|it| it.place != Place::Shared).collect(),
        Ok(parts) => {
            let is_named = |it: &&Scenario| parts.split(',').any(|part| it.name.contains(part));
            all.into_iter().filter(is_named).collect()
        }
        Err(_) => {
            let mut short: Vec<_> = all.into_iter().filter(|it| it.is_short).collect();
            let first = short.remove(random.below(short.len() as u64) as usize);
            vec![first, *random.pick(&short)]
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_converges() {
    let seed = variable("CHAOS_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    let mut random = Random(seed);
    let chosen = chosen(&mut random);
    let is_whole = std::env::var("CHAOS_SCENARIO").is_ok();
    let scale = Scale { stretch: Duration::from_secs(if is_whole { 10 } else { 3 }) };
    let mut ground: Option<Arc<Ground>> = None;
    println!("{}", matrix::HEADER);
    let mut failed = Vec::new();
    for scenario in chosen {
        if let Err(why) = (scenario.prepare)() {
            println!("| `{}` | not played: {why} |", scenario.name);
            continue;
        }
        let is_here = ground.as_ref().is_some_and(|it| it.serves(scenario.place));
        if scenario.place != Place::Shared && !is_here {
            // Stopped before the next ones start: they have the same ports.
            drop(ground.take());
            ground = Some(Arc::new(Ground::start(scenario.place).await));
        }
        let again = REGRESSIONS.iter().filter(|(name, _)| *name == scenario.name);
        for seed in again.map(|(_, seed)| *seed).chain([seed]) {
            let played = AssertUnwindSafe(matrix::play(scenario, seed, scale, ground.clone()));
            // The others are played after one that fails, too.
            if let Ok(row) = played.catch_unwind().await {
                println!("{}", row.markdown());
                if !scenario.ruins {
                    continue;
                }
            } else {
                println!("| `{}` | FAILED, CHAOS_SEED={seed} |", scenario.name);
                failed.push((scenario.name, seed));
            }
            if let Some(ground) = ground.as_ref().filter(|_| scenario.place != Place::Shared) {
                ground.reset().await;
            }
        }
    }
    assert!(failed.is_empty(), "scenarios failed, with their seeds: {failed:?}");
}

async fn round(seed: u64, records: u64) {
    let world = World::new().await;
    let oracle = Oracle::new(seed, records);
    let mut fleet = Fleet::start(&world, seed).await;
    let client = world.client(fleet.api()).await;
    let caller = tokio::spawn(caller::import(client.clone(), fleet.address(), oracle.body()));

    let mut every_second = tokio::time::interval(Duration::from_secs(1));
    every_second.tick().await;
    while !caller.is_finished() {
        every_second.tick().await;
        fleet.kill_one().await;
    }
    let watched = caller.await.unwrap();
    println!("killed {:?}, polled {} times", fleet.kills, watched.polls);

    let client = client.at(fleet.api().address());
    let ended = assert_converged(&world, &client, &watched.task).await;
    oracle.check(&ended);
    let users = world.database.count("SELECT count(*) FROM directory_user", &[]).await;
    assert_eq!(users as u64, oracle.inserted(), "one user an inserted record");
    let tasks = "SELECT count(*) FROM import_task WHERE received_at IS NOT NULL";
    assert_eq!(world.database.count(tasks, &[]).await, 1, "one task came of the retried upload");
    assert!(watched.polls > 10, "the summary was watched");
    assert!(fleet.kills.values().sum::<u32>() >= 3, "faults happened while it ran");
    let again = "SELECT count(*) FROM import_chunk WHERE published > 1";
    println!("published again: {}", world.database.count(again, &[]).await);
}
