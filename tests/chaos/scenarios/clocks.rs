//! Clocks that are wrong.

use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{Scenario, USUAL, seconds};
use crate::harness::{eventually, holds};
use crate::stage::{Member, Stage};

pub const ALL: &[Scenario] = &[Scenario {
    name: "clocks-off",
    does: "the clock of an API is an hour ahead and that of a worker an hour behind, for 20 s",
    prepare: get_faketime,
    faults_min: 2,
    run: |stage| Box::pin(clocks_off(stage)),
    ..USUAL
}];

/// What gives a process another time than the machine's: of threads, too.
const LIBRARY: &str = "faketime/libfaketimeMT.so.1";

/// In a folder such as `/usr/lib/x86_64-linux-gnu`.
fn library() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?;
    folders.map(|folder| folder.unwrap().path().join(LIBRARY)).find(|path| path.exists())
}

fn get_faketime() -> Result<(), String> {
    if library().is_none() {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/servers");
        let _ = Command::new(script).arg("extras").status();
    }
    library()
        .map(drop)
        .ok_or_else(|| "it needs libfaketime, as in Debian's package faketime".into())
}

/// Counts the processes whose clock was wrong, by what they log.
async fn clocks_off(stage: &mut Stage) -> u64 {
    let library = library().expect("it was there a moment ago");
    set_clock(&mut stage.apis[0], Some((&library, "+1h"))).await;
    set_clock(&mut stage.workers[0], Some((&library, "-1h"))).await;
    seconds(20).await;
    let mut wrong = 0;
    for (member, ahead) in [(&stage.apis[0], 1), (&stage.workers[0], -1)] {
        let off = clock_of(member).await.duration_since(now());
        let expected = SignedDuration::from_hours(ahead);
        // Its last line may be a few seconds old.
        wrong += u64::from((off - expected).abs() < SignedDuration::from_mins(1));
    }
    set_clock(&mut stage.apis[0], None).await;
    set_clock(&mut stage.workers[0], None).await;
    wrong
}

/// Starts it again with its clock so far off. What it measures, timers among it, runs as ever.
async fn set_clock(member: &mut Member, off: Option<(&Path, &str)>) {
    // Killed, it would leave the library's shared memory behind.
    member.process.terminate();
    let status = member.process.ended(60).await;
    assert_eq!(status.code(), Some(0), "told to stop: {}", member.process.log());
    member
        .again_as(|role| match off {
            None => role.without("LD_PRELOAD").without("FAKETIME"),
            Some((library, off)) => role
                .env("LD_PRELOAD", library.display())
                .env("FAKETIME", off)
                .env("FAKETIME_DONT_FAKE_MONOTONIC", 1),
        })
        .await;
}

/// What time it is by its last line in the log.
async fn clock_of(member: &Member) -> Timestamp {
    eventually("it logs a line with its time", 30, async || {
        let log = member.process.log();
        let whole = &log[..log.rfind('\n').unwrap_or(0)];
        let line = whole.lines().next_back().unwrap_or_default();
        let line: Value = serde_json::from_str(line).unwrap_or_default();
        let time = line["timestamp"].as_str().and_then(|time| time.parse().ok());
        holds(time.is_some(), &line).map(|()| time.unwrap())
    })
    .await
}

fn now() -> Timestamp {
    std::time::SystemTime::now().try_into().unwrap()
}
