//! What has to hold once the faults are over, whatever they were.

use std::collections::BTreeMap;

use serde_json::Value;
use user_import::config;

use crate::harness::{Client, World, assert_accounted, assert_clean, eventually, holds};
use crate::load::Sent;
use crate::stage::Stage;

/// What was looked at, and what was missing or there twice.
#[derive(Debug, Default)]
pub struct Checked {
    pub tasks: u64,
    pub records: u64,
    pub lost: u64,
    pub doubled: u64,
}

/// Checks every task that exists against what was sent.
pub async fn check(stage: &mut Stage) -> Checked {
    stage.world.renew();
    let world = &stage.world;
    eventually("every task ends", 240, async || {
        let open = "SELECT count(*) FROM import_task
            WHERE received_at IS NOT NULL AND ended_at IS NULL AND gone_at IS NULL";
        let open = world.database.count(open, &[]).await;
        holds(open == 0, format!("{open} tasks are open"))
    })
    .await;
    let checked = check_tasks(world, &stage.clients[0], &stage.seen.sent.lock().await).await;
    assert_no_user_of_nobody(world).await;
    assert_no_half_upload(world).await;
    assert_clean(world).await;
    assert_nothing_left_over(stage).await;
    assert_eq!((checked.lost, checked.doubled), (0, 0), "lost, doubled");
    checked
}

/// Each accepted task is there and is right; of what got no 2xx there is nothing or a whole task,
/// which is right too; and nothing else is there.
async fn check_tasks(world: &World, client: &Client, sent: &[Sent]) -> Checked {
    let rows = "SELECT idempotency_key, id FROM import_task WHERE received_at IS NOT NULL";
    let rows = world.database.rows(rows, &[]).await;
    let mut there: BTreeMap<String, String> =
        rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(there.len(), rows.len(), "a task for each key");
    let mut checked = Checked::default();
    for sent in sent {
        let found = there.remove(&sent.key);
        if sent.task.is_some() {
            assert_eq!(found, sent.task, "a task that was answered 200 is kept: {}", sent.key);
        }
        let Some(task) = found else { continue };
        let seen = assert_accounted(world, client, &task).await;
        if seen["status"] == "cancelled" {
            assert!(sent.cancelled, "{task} was cancelled by nobody");
            sent.oracle.check_some(&seen);
        } else {
            let (details, records) = (details_of(&seen), sent.oracle.records());
            // Both are asserted to be none once every task was counted.
            checked.lost += records.saturating_sub(details);
            checked.doubled += details.saturating_sub(records);
            if details == records {
                sent.oracle.check(&seen);
            }
        }
        checked.tasks += 1;
        checked.records += details_of(&seen);
    }
    assert!(there.is_empty(), "tasks that nobody has sent: {there:?}");
    checked
}

fn details_of(seen: &Value) -> u64 {
    seen["details"].as_array().unwrap().len() as u64
}

/// No user without an outcome that made it: every insertion has its user, and these are all.
async fn assert_no_user_of_nobody(world: &World) {
    let users = world.database.count("SELECT count(*) FROM directory_user", &[]).await;
    let inserted = "SELECT coalesce(sum(inserted), 0)::bigint FROM import_task";
    let inserted = world.database.count(inserted, &[]).await;
    assert_eq!(users, inserted, "users, and outcomes that made one");
}

/// What broke off while it was uploaded is invisible, and the janitor takes all of it away.
async fn assert_no_half_upload(world: &World) {
    let pool = world.database.pool();
    let settings = config::Janitor { task_retention_seconds: 86_400 };
    // Ten minutes pass. (In the first two of Postgres the janitor spares uploads.)
    let pass = "UPDATE import_task SET touched_at = touched_at - interval '11 minutes',
                    gone_at = CASE WHEN pg_postmaster_start_time() > now() - interval '2 minutes'
                                   THEN coalesce(gone_at, now()) ELSE gone_at END
                WHERE received_at IS NULL";
    world.database.execute(pass, &[]).await;
    eventually("nothing is left of half an upload", 60, async || {
        user_import::janitor::step(&pool, &settings, true).await.map_err(|e| e.to_string())?;
        let left = "SELECT count(*) FROM import_task WHERE received_at IS NULL";
        let left = world.database.count(left, &[]).await;
        holds(left == 0, format!("{left} uploads"))
    })
    .await;
    pool.close();
}

/// No transaction, no lock and no connection that nobody needs.
async fn assert_nothing_left_over(stage: &Stage) {
    let world = &stage.world;
    eventually("no transaction and no lock is left over", 90, async || {
        let busy = "SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
              AND xact_start < clock_timestamp() - interval '5 seconds'";
        let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted";
        let prepared = "SELECT count(*) FROM pg_prepared_xacts";
        let mut seen = Vec::new();
        for sql in [busy, waiting, prepared] {
            seen.push(world.database.count(sql, &[]).await);
        }
        holds(seen == [0, 0, 0], format!("{seen:?} old transactions, waits, prepared ones"))
    })
    .await;
    if let Some(ground) = &stage.ground {
        // A relay holds one connection, and so does a worker.
        let expected = stage.members().count();
        eventually("a process holds one connection to the broker", 120, async || {
            let listed = ground.ctl(&["list_connections", "client_properties"]).await;
            let of = |purpose: &str| {
                let name = format!("{} {purpose}", world.broker.prefix);
                listed.lines().filter(|line| line.contains(&name)).count()
            };
            let seen = of("relay") + of("worker");
            holds(seen == expected, listed.clone())
        })
        .await;
    }
}

/// Resident memory does not grow by what happened: before and after, each at its most, in KiB.
pub fn assert_memory_is_flat(before: u64, after: u64) {
    // A worker's is 20 to 60 MiB; what was allocated in a burst stays with the allocator.
    let most = before + before / 2 + (64 << 10);
    assert!(after <= most, "resident memory grew from {before} to {after} KiB");
}

/// Everybody ends well when told to, and then no connection to the database is left.
pub async fn check_the_end(mut stage: Stage) {
    for member in stage.members() {
        member.process.terminate();
    }
    for member in stage.members_mut() {
        let status = member.process.ended(60).await;
        assert_eq!(status.code(), Some(0), "told to stop: {}", member.process.log());
    }
    let world = &stage.world;
    eventually("no connection is left", 60, async || {
        let left = "SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND application_name = 'user-import'";
        let left = world.database.count(left, &[]).await;
        holds(left == 0, format!("{left} connections"))
    })
    .await;
}
