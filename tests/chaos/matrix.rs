//! One scenario from its first import to its row in the table.
//!
//! Callers import all the while. After a calm stretch, whose throughput is measured, comes the
//! fault; once it is over and what it held up has ended, throughput is measured again; then the
//! callers stop, and every task is held against what was sent.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::ground::Ground;
use crate::harness::{World, eventually};
use crate::load::Load;
use crate::scenarios::{Place, Scenario};
use crate::stage::Stage;
use crate::verdict::{self, Checked};

/// How much of it there is.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// How long throughput is measured, before and after.
    pub stretch: Duration,
}

/// A row of the table.
#[derive(Debug)]
pub struct Row {
    pub scenario: &'static Scenario,
    pub seed: u64,
    pub faults: u64,
    pub completed_meanwhile: i64,
    pub accepted_meanwhile: Option<u64>,
    pub checked: Checked,
    pub converged_seconds: f64,
    /// Records a second, before and after.
    pub throughput: [f64; 2],
}

pub const HEADER: &str = "\
| scenario | what is done | faults | tasks completed meanwhile | tasks, records checked | lost | doubled | s to converge | records/s before → after | seed |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |";

impl Row {
    pub fn markdown(&self) -> String {
        let Self { scenario, checked, throughput: [before, after], .. } = self;
        let mut row = format!(
            "| `{}` | {} | {} | {}",
            scenario.name, scenario.does, self.faults, self.completed_meanwhile
        );
        if let Some(accepted) = self.accepted_meanwhile {
            write!(row, "; {accepted} of {accepted} uploads answered 200").unwrap();
        }
        write!(
            row,
            " | {}, {} | {} | {} | {:.1} | {before:.0} → {after:.0} ({:.0} %) | {} |",
            checked.tasks,
            checked.records,
            checked.lost,
            checked.doubled,
            self.converged_seconds,
            100.0 * after / before,
            self.seed
        )
        .unwrap();
        row
    }
}

pub async fn play(
    scenario: &'static Scenario,
    seed: u64,
    scale: Scale,
    ground: Option<Arc<Ground>>,
) -> Row {
    let ground = ground.filter(|_| scenario.place != Place::Shared);
    let world = match &ground {
        Some(ground) => World::on(ground.urls().await).await,
        None => World::new().await,
    };
    let mut stage = Stage::set(world, ground, seed).await;
    let mut load = Load::start(&mut stage);
    // The first tasks take longer: caches are cold, and nothing is compiled into plans.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = throughput(&stage.world, scale.stretch).await;
    let memory_before = memory(&stage);

    let began = now(&stage.world).await;
    let (faults, accepted_meanwhile) = strike(scenario, &mut stage).await;
    let healed = now(&stage.world).await;
    let converged_seconds = converge(&stage.world, healed).await;
    load.assert_sound();
    let after = throughput(&stage.world, scale.stretch).await;
    load.stop().await;

    let checked = verdict::check(&mut stage).await;
    verdict::assert_memory_is_flat(memory_before, memory(&stage));
    let meanwhile = "SELECT count(*) FROM import_task
        WHERE ended_at >= to_timestamp($1::float8) AND ended_at < to_timestamp($2::float8)";
    let completed_meanwhile = stage.world.database.count(meanwhile, &[&began, &healed]).await;
    let row = Row {
        scenario,
        seed,
        faults,
        completed_meanwhile,
        accepted_meanwhile,
        checked,
        converged_seconds,
        throughput: [before, after],
    };
    assert_it_meant_something(&row, &stage);
    verdict::check_the_end(stage).await;
    row
}

/// Does what the scenario is about, and waits until it is over.
async fn strike(scenario: &Scenario, stage: &mut Stage) -> (u64, Option<u64>) {
    let over = Arc::new(AtomicBool::new(false));
    let trickle =
        scenario.accepts.then(|| tokio::spawn(Load::trickle(stage.caller(), over.clone())));
    let faults = (scenario.run)(stage).await;
    over.store(true, Ordering::Relaxed);
    let accepted = match trickle {
        Some(trickle) => Some(trickle.await.unwrap()),
        None => None,
    };
    stage.world.renew();
    (faults, accepted)
}

fn assert_it_meant_something(row: &Row, stage: &Stage) {
    let scenario = row.scenario;
    assert!(row.faults >= scenario.faults_min, "too few faults fired: {row:?}");
    if scenario.completes {
        assert!(row.completed_meanwhile > 0, "no task was completed meanwhile: {row:?}");
    }
    if scenario.accepts {
        assert!(row.accepted_meanwhile > Some(0), "nothing was accepted meanwhile: {row:?}");
    }
    assert!(row.throughput.iter().all(|of| *of > 0.0), "nothing was done before or after: {row:?}");
    assert!(stage.seen.polls.load(Ordering::Relaxed) > 20, "the summaries were watched");
    assert!(row.checked.records > 0);
}

/// The database's clock, in seconds.
async fn now(world: &World) -> f64 {
    eventually("Postgres says what time it is", 60, async || {
        let client = world.database.try_connect().await?;
        let row = client.query_one("SELECT extract(epoch FROM now())::float8", &[]).await?;
        Ok::<f64, tokio_postgres::Error>(row.get(0))
    })
    .await
}

/// Records accounted for so far.
async fn done(world: &World) -> i64 {
    let sum =
        "SELECT coalesce(sum(inserted + updated + skipped + failed), 0)::bigint FROM import_task";
    world.database.count(sum, &[]).await
}

async fn throughput(world: &World, stretch: Duration) -> f64 {
    let (at_first, began) = (done(world).await, Instant::now());
    tokio::time::sleep(stretch).await;
    (done(world).await - at_first) as f64 / began.elapsed().as_secs_f64()
}

/// Waits until everything ended that was accepted before the heal; returns how long that took.
async fn converge(world: &World, healed: f64) -> f64 {
    let accepted =
        "FROM import_task WHERE received_at <= to_timestamp($1::float8) AND gone_at IS NULL";
    eventually("what was open at the heal ends", 240, async || {
        let open = format!("SELECT count(*) {accepted} AND ended_at IS NULL");
        let open = world.database.count(&open, &[&healed]).await;
        crate::harness::holds(open == 0, format!("{open} are open"))
    })
    .await;
    let last = format!("SELECT coalesce(extract(epoch FROM max(ended_at))::float8, 0) {accepted}");
    let last: f64 = world.database.row(&last, &[&healed]).await.get(0);
    (last - healed).max(0.0)
}

/// The most that any process has resident, in KiB.
fn memory(stage: &Stage) -> u64 {
    stage.members().map(|member| member.process.resident_kib()).max().unwrap_or(0)
}
