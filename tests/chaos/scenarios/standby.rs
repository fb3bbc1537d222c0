//! What happens where Postgres has a standby that takes its place.

use super::{Place, Scenario, USUAL, seconds};
use crate::harness::{eventually, holds};
use crate::stage::Stage;

pub const ALL: &[Scenario] = &[Scenario {
    name: "standby-promoted",
    does: "`kill -9` of Postgres, for good, after its synchronous standby was frozen for 3 s; the standby is promoted, and the address leads to it",
    place: Place::Private,
    ruins: true,
    run: |stage| Box::pin(promoted(stage)),
    ..USUAL
}];

/// While the standby is frozen nothing reaches it: an upload that is answered 200 without it is not
/// there after the promotion, and whoever asks for its task finds out.
async fn promoted(stage: &mut Stage) -> u64 {
    stage.ground().servers(&["start", "standby"]).await;
    let pause = 3 + stage.random.below(5);
    seconds(pause).await;
    assert_synchronous(stage).await;
    stage.ground().signal_standby("STOP");
    seconds(3).await;
    stage.ground().servers(&["kill", "postgres"]).await;
    stage.ground().signal_standby("CONT");
    stage.ground().servers(&["promote", "standby"]).await;
    let standby = stage.ground().standby();
    stage.follow_postgres(&standby);
    await_completion(stage).await;
    seconds(5).await;
    1
}

async fn assert_synchronous(stage: &Stage) {
    let standbys = "SELECT state, sync_state FROM pg_stat_replication";
    let standbys = stage.world.database.rows(standbys, &[]).await;
    let standbys: Vec<(&str, &str)> =
        standbys.iter().map(|standby| (standby.get(0), standby.get(1))).collect();
    assert_eq!(standbys, [("streaming", "sync")], "Postgres' standbys");
}

/// Nobody has restarted a process for that.
async fn await_completion(stage: &Stage) {
    let ended = "SELECT count(*) FROM import_task WHERE ended_at IS NOT NULL";
    let before = stage.world.database.count(ended, &[]).await;
    eventually("a task is completed on the promoted one", 60, async || {
        let now = stage.world.database.count(ended, &[]).await;
        holds(now > before, format!("{now} have ended"))
    })
    .await;
}
