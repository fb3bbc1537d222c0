//! What happens to Postgres.

use std::time::{Duration, Instant};

use tokio_postgres::Client;

use super::{Place, Scenario, USUAL, seconds};
use crate::harness::eventually;
use crate::stage::Stage;

const PRIVATE: Scenario = Scenario { place: Place::Private, ..USUAL };

pub const ALL: &[Scenario] = &[
    Scenario {
        name: "backends-terminated",
        does: "five backends a second are terminated, for 20 s",
        faults_min: 10,
        is_short: true,
        run: |stage| Box::pin(backends_terminated(stage)),
        ..USUAL
    },
    Scenario {
        name: "deadlocks",
        does: "a stranger takes the locks of a task and its chunk the other way round, until five deadlocks",
        faults_min: 5,
        run: |stage| Box::pin(deadlocks(stage)),
        ..USUAL
    },
    Scenario {
        name: "table-locked",
        does: "a stranger holds `LOCK TABLE directory_user` for 40 s",
        completes: false,
        accepts: true,
        run: |stage| Box::pin(table_locked(stage)),
        ..USUAL
    },
    Scenario {
        name: "read-only",
        does: "the database is read-only for 30 s",
        completes: false,
        run: |stage| Box::pin(read_only(stage)),
        ..PRIVATE
    },
    Scenario {
        name: "connections-exhausted",
        does: "a stranger holds every connection that Postgres has, for 20 s",
        faults_min: 2,
        completes: false,
        run: |stage| Box::pin(connections_exhausted(stage)),
        ..PRIVATE
    },
    Scenario {
        name: "postgres-restarted",
        does: "a fast restart of Postgres after 5, 10 and 20 s, more or less",
        faults_min: 3,
        run: |stage| Box::pin(postgres_restarted(stage)),
        ..PRIVATE
    },
    Scenario {
        name: "postgres-killed",
        does: "`kill -9` of the postmaster, three times",
        faults_min: 3,
        run: |stage| Box::pin(postgres_killed(stage)),
        ..PRIVATE
    },
    Scenario {
        name: "postgres-frozen",
        does: "SIGSTOP of Postgres with all its backends for 20 s",
        completes: false,
        run: |stage| Box::pin(postgres_frozen(stage)),
        ..PRIVATE
    },
];

/// One who is not of the service, past every proxy.
async fn stranger(stage: &Stage) -> Client {
    stage.world.database.connect().await
}

async fn backends_terminated(stage: &mut Stage) -> u64 {
    let client = stranger(stage).await;
    let mut ended = 0;
    for _ in 0..100 {
        let one = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND application_name = 'user-import'
            ORDER BY state = 'idle', hashint8extended(pid, $1) LIMIT 1";
        let lot = stage.random.next() as i64;
        ended += client.query(one, &[&lot]).await.unwrap().len() as u64;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    ended
}

/// The stranger waits longer than a worker before it looks for a deadlock, so that workers are the
/// victims. Postgres counts.
async fn deadlocks(stage: &mut Stage) -> u64 {
    let client = stranger(stage).await;
    let (mut seen, began) = (0, Instant::now());
    while seen < 5 {
        assert!(began.elapsed() < Duration::from_mins(2), "{seen} deadlocks");
        client.batch_execute("BEGIN; SET LOCAL deadlock_timeout = '20s'").await.unwrap();
        let task = "SELECT project, task FROM import_task
            WHERE received_at IS NOT NULL AND ended_at IS NULL AND chunks_left > 1
            LIMIT 1 FOR UPDATE SKIP LOCKED";
        if let Some(task) = client.query_opt(task, &[]).await.unwrap() {
            let (project, task): (i32, i64) = (task.get(0), task.get(1));
            // Workers come to their last step, and wait for the task's row.
            tokio::time::sleep(Duration::from_millis(300)).await;
            let chunks = "SELECT FROM import_chunk WHERE project = $1 AND task = $2 FOR UPDATE";
            let _ = client.query(chunks, &[&project, &task]).await;
        }
        client.batch_execute("ROLLBACK").await.unwrap();
        let count = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
        client.batch_execute("SELECT pg_stat_clear_snapshot()").await.unwrap();
        let count: i64 = client.query_one(count, &[]).await.unwrap().get(0);
        seen = count as u64;
    }
    seen
}

/// Counts workers that wait for the lock.
async fn table_locked(stage: &mut Stage) -> u64 {
    let client = stranger(stage).await;
    client.batch_execute("BEGIN; LOCK TABLE directory_user").await.unwrap();
    seconds(39).await;
    let waiting = "SELECT count(*) FROM pg_locks
        WHERE relation = 'directory_user'::regclass AND NOT granted";
    let waiting = eventually("a worker waits", 60, async || {
        let count: i64 = client.query_one(waiting, &[]).await.unwrap().get(0);
        if count > 0 { Ok(count as u64) } else { Err("nobody") }
    })
    .await;
    client.batch_execute("ROLLBACK").await.unwrap();
    waiting
}

async fn settings(stage: &Stage, change: &str) {
    let client = stranger(stage).await;
    for sql in ["SET default_transaction_read_only = off", change, "SELECT pg_reload_conf()"] {
        client.batch_execute(sql).await.unwrap();
    }
}

/// Counts the workers' failed attempts.
async fn read_only(stage: &mut Stage) -> u64 {
    let before = super::retries(stage).await;
    settings(stage, "ALTER SYSTEM SET default_transaction_read_only = on").await;
    seconds(30).await;
    settings(stage, "ALTER SYSTEM RESET default_transaction_read_only").await;
    super::retries(stage).await - before
}

/// Counts how often Postgres had no connection left, by the stranger's own experience.
async fn connections_exhausted(stage: &mut Stage) -> u64 {
    let mut held = vec![stranger(stage).await];
    let out = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'user-import'";
    let mut all_taken = None;
    let mut refused = 0;
    while all_taken.is_none_or(|at: Instant| at.elapsed() < Duration::from_secs(20)) {
        // What a process gets back in between is taken from it again.
        held[0].query(out, &[]).await.unwrap();
        while let Ok(client) = stage.world.database.try_connect().await {
            held.push(client);
        }
        all_taken.get_or_insert_with(Instant::now);
        refused += 1;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert!(held.len() > 200, "only {} connections were taken", held.len());
    refused
}

async fn postgres_restarted(stage: &mut Stage) -> u64 {
    for pause in [5, 10, 20] {
        seconds(pause / 2 + stage.random.below(pause)).await;
        stage.ground().stop_postgres().await;
        stage.ground().servers(&["start"]).await;
    }
    seconds(5).await;
    3
}

async fn postgres_killed(stage: &mut Stage) -> u64 {
    for _ in 0..3 {
        stage.ground().servers(&["kill", "postgres"]).await;
        stage.ground().servers(&["start"]).await;
        let pause = 4 + stage.random.below(6);
        seconds(pause).await;
    }
    3
}

async fn postgres_frozen(stage: &mut Stage) -> u64 {
    stage.ground().signal_postgres("STOP");
    seconds(20).await;
    stage.ground().signal_postgres("CONT");
    1
}
