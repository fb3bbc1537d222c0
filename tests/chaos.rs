//! `kill -9` of a random process every second, while 50,000 records go through.
//!
//! The seed decides who dies, which records fail and which come twice; it is printed, and
//! `CHAOS_SEED` repeats it. The oracle knows beforehand what each record becomes: whatever the
//! kills do, nothing may be lost, nothing may happen twice, and no poll may see the summary run
//! backwards.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(
    clippy::disallowed_methods,
    reason = "the harness starts processes and reads where the servers are"
)]

#[path = "chaos/caller.rs"]
mod caller;
#[path = "chaos/fleet.rs"]
mod fleet;
#[path = "it/harness/mod.rs"]
mod harness;
#[path = "chaos/oracle.rs"]
mod oracle;

use std::time::{Duration, Instant};

use fleet::Fleet;
use harness::{World, assert_converged};
use oracle::Oracle;

/// A number from the environment.
fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_killed_nothing_is_lost_and_nothing_happens_twice() {
    let mut seed = number("CHAOS_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    let records = number("CHAOS_RECORDS").unwrap_or(50_000);
    // One round unless told to go on.
    let until = Instant::now() + Duration::from_secs(number("CHAOS_SECONDS").unwrap_or(0));
    loop {
        println!("CHAOS_SEED={seed} CHAOS_RECORDS={records}");
        round(seed, records).await;
        if Instant::now() >= until {
            return;
        }
        seed = fleet::Random(seed).next();
    }
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
