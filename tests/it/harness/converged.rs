//! The definition of correct: what holds of a task, and of the directory, once a task has ended.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;
use uuid::Uuid;

use super::{
    CANARY, Client, World, assert_no_secret_in_database, assert_no_secret_in_logs, eventually,
    holds,
};

/// Waits until the task has ended, checks everything that is promised of it, and returns it with
/// its details. A worker has to run, to empty the queues.
pub async fn assert_converged(world: &World, client: &Client, task: &str) -> Value {
    client.wait(task, 240).await;
    let seen = assert_accounted(world, client, task).await;
    assert_clean(world).await;
    seen
}

/// What is promised of a task that has ended, and of the users that it made; returns it with its
/// details.
pub async fn assert_accounted(world: &World, client: &Client, task: &str) -> Value {
    let answer = client.get(&format!("/users/import/{task}")).await;
    assert!(!answer.text.contains(CANARY), "the details show a secret");
    let seen = answer.json();
    let row = Row::load(world, task).await;
    assert_details(&seen, &row);
    assert_settled(world, &seen, &row).await;
    assert_directory(world, &seen, &row).await;
    seen
}

/// What is promised of the world once every task has ended: nothing lies in a queue, every secret
/// has its user, and none stands where it should not.
pub async fn assert_clean(world: &World) {
    let mismatched = "SELECT count(*) FROM directory_user u FULL JOIN user_secret s
        ON s.project = u.project AND s.user_id = u.id
        WHERE u.id IS NULL
           OR (u.password_type IS NOT NULL) <> (s.password_hash IS NOT NULL)
           OR (u.mfa_password_type IS NOT NULL) <> (s.mfa_password_hash IS NOT NULL)
           OR u.has_totp <> (s.totp_secret IS NOT NULL)";
    assert_eq!(world.database.count(mismatched, &[]).await, 0, "secrets and users match");
    eventually("the queues are empty", 60, async || {
        let waiting = world.broker.waiting().await;
        holds(waiting == 0, format!("{waiting} messages are ready"))
    })
    .await;
    assert_no_secret_in_logs(world);
    assert_no_secret_in_database(world).await;
}

/// What the task's row says.
pub struct Row {
    project: i32,
    task: i64,
    cancelled: bool,
    dry_run: bool,
    chunks_left: i64,
    counts: BTreeMap<&'static str, i64>,
}

const COUNTS: [&str; 5] = ["total", "inserted", "updated", "skipped", "failed"];

impl Row {
    pub async fn load(world: &World, id: &str) -> Self {
        let sql = "SELECT project, task, cancelled, dry_run, chunks_left,
                          total, inserted, updated, skipped, failed
                   FROM import_task WHERE id = $1 AND ended_at IS NOT NULL AND gone_at IS NULL";
        let row = world.database.row(sql, &[&id]).await;
        Self {
            project: row.get(0),
            task: row.get(1),
            cancelled: row.get(2),
            dry_run: row.get(3),
            chunks_left: row.get(4),
            counts: COUNTS
                .into_iter()
                .enumerate()
                .map(|(i, name)| (name, row.get(5 + i)))
                .collect(),
        }
    }
}

/// Each index has one detail, and the summary equals the details grouped by outcome.
fn assert_details(seen: &Value, row: &Row) {
    let details = seen["details"].as_array().expect("an ended task shows its details");
    let indexes: Vec<u64> =
        details.iter().map(|detail| detail["index"].as_u64().unwrap()).collect();
    assert!(indexes.is_sorted_by(|a, b| a < b), "details stand in index order, each once");
    if !row.cancelled {
        assert_eq!(indexes.len() as i64, row.counts["total"], "each index has one detail");
        assert!(indexes.last().is_none_or(|last| *last == indexes.len() as u64 - 1));
    }
    for name in COUNTS {
        assert_eq!(seen["summary"][name], row.counts[name], "the summary shows the task's {name}");
        if name != "total" {
            let count = details.iter().filter(|detail| detail["outcome"] == name).count();
            assert_eq!(count as i64, row.counts[name], "the summary equals the details: {name}");
        }
    }
    for detail in details {
        let failed = detail["outcome"] == "failed";
        assert_eq!(
            failed,
            detail.get("errors").is_some(),
            "errors stand where a record failed: {detail}"
        );
    }
    assert_eq!(seen["status"], if row.cancelled { "cancelled" } else { "completed" });
    assert!(seen["completed_at"].is_string(), "{seen}");
}

/// Nothing waits, no payload and no key is left, and the chunks cover the task.
pub async fn assert_settled(world: &World, seen: &Value, row: &Row) {
    let (database, key) = (&world.database, [&row.project as _, &row.task as _]);
    let count = async |sql: &str| database.count(sql, &key).await;
    let of_task = "FROM import_chunk WHERE project = $1 AND task = $2";
    assert_eq!(
        count("SELECT count(*) FROM import_task_key WHERE project = $1 AND task = $2").await,
        0,
        "the key is gone"
    );
    if row.cancelled {
        return;
    }
    assert_eq!(row.chunks_left, 0);
    assert_eq!(
        count(&format!("SELECT count(*) {of_task} AND applied_at IS NULL")).await,
        0,
        "every chunk is applied"
    );
    assert_eq!(
        count(&format!("SELECT count(*) {of_task} AND waits <> 0")).await,
        0,
        "nothing waits"
    );
    assert_eq!(
        count(&format!("SELECT count(*) {of_task} AND sealed IS NOT NULL")).await,
        0,
        "no payload is left"
    );
    let attempts = "SELECT count(*) FROM import_chunk_attempt WHERE project = $1 AND task = $2";
    assert_eq!(count(attempts).await, 0, "nothing is under suspicion");
    let gaps = format!(
        "SELECT count(*) FROM (SELECT first_index AS at, lag(first_index + record_count, 1, 0::bigint)
             OVER (ORDER BY first_index) AS expected {of_task}) c WHERE at <> expected");
    assert_eq!(count(&gaps).await, 0, "the chunks cover each index once");
    let sums = format!(
        "SELECT sum(record_count)::bigint, sum(failed)::bigint, sum(warned)::bigint {of_task}"
    );
    let sums = database.row(&sums, &key).await;
    assert_eq!(sums.get::<_, i64>(0), row.counts["total"], "the chunks cover the task");
    assert_eq!(sums.get::<_, i64>(1), row.counts["failed"], "the chunks count the failed ones");
    let warned = seen["details"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|detail| detail.get("warnings").is_some());
    assert_eq!(sums.get::<_, i64>(2), warned.count() as i64, "the chunks count the warned ones");
}

/// Every inserted record has its one user.
async fn assert_directory(world: &World, seen: &Value, row: &Row) {
    let details = seen["details"].as_array().unwrap();
    let inserted = || details.iter().filter(|detail| detail["outcome"] == "inserted");
    let ids: Vec<Uuid> = inserted()
        .filter_map(|detail| detail["user_id"].as_str())
        .map(|id| id.parse().unwrap())
        .collect();
    let distinct: HashSet<&Uuid> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len(), "no two records made the same user");
    let expected = if row.dry_run { 0 } else { inserted().count() };
    assert_eq!(ids.len(), expected, "an inserted record names its user, a dry run none");
    let there = "SELECT count(*) FROM directory_user WHERE project = $1 AND id = ANY($2)";
    assert_eq!(
        world.database.count(there, &[&row.project, &ids]).await,
        ids.len() as i64,
        "each has its user"
    );
}
