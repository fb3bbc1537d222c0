//! Two releases beside each other.

use std::path::Path;

use super::{Scenario, USUAL, seconds};
use crate::previous;
use crate::stage::{Member, Stage};

pub const ALL: &[Scenario] = &[Scenario {
    name: "releases-side-by-side",
    does: "half of the six run an older release; each is swapped for the other release, and back, one every 2 s",
    prepare: previous::build,
    faults_min: 18,
    run: |stage| Box::pin(side_by_side(stage)),
    ..USUAL
}];

/// Of the six, who begins with the older release: an API and two workers.
const OLD_AT_FIRST: [bool; 6] = [true, false, true, true, false, false];

/// Counts who ran the release that was meant.
async fn side_by_side(stage: &mut Stage) -> u64 {
    let (older, newer) = (previous::program(), env!("CARGO_BIN_EXE_user-import"));
    let mut is_old = [false; 6];
    let mut swaps = 0;
    let turns = (0..6).filter(|member| OLD_AT_FIRST[*member]).chain(0..6).chain(0..6);
    for number in turns {
        is_old[number] = !is_old[number];
        let program = if is_old[number] { &older } else { Path::new(newer) };
        let member = stage.members_mut().nth(number).unwrap();
        swap(member, program).await;
        swaps += u64::from(runs(member, program));
        seconds(2).await;
    }
    assert_eq!(is_old, OLD_AT_FIRST, "each was swapped and swapped back");
    for number in (0..6).filter(|member| OLD_AT_FIRST[*member]) {
        let member = stage.members_mut().nth(number).unwrap();
        swap(member, Path::new(newer)).await;
        swaps += u64::from(runs(member, Path::new(newer)));
    }
    swaps
}

/// As an operator does it: the one is told to stop, and the other takes its place.
async fn swap(member: &mut Member, program: &Path) {
    member.process.terminate();
    let status = member.process.ended(60).await;
    assert_eq!(status.code(), Some(0), "told to stop: {}", member.process.log());
    member.again_as(|role| role.built_at(program)).await;
}

fn runs(member: &Member, program: &Path) -> bool {
    let link = format!("/proc/{}/exe", member.process.pid());
    std::fs::read_link(link).unwrap() == std::fs::canonicalize(program).unwrap()
}
