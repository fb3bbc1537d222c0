//! What Postgres does for the statements that every chunk runs: it probes indexes.
//!
//! Over a million users and tens of thousands of chunks, with generic plans as prepared
//! statements get them, without statistics (a directory that is being filled) and with them.

use serde_json::Value;

use crate::harness::Database;
use crate::harness::{Chunk, Servers, forge_task};

/// As `apply` sets them for its transactions.
const APPLY: &str = "SET jit = off; SET enable_hashjoin = off; SET enable_mergejoin = off; \
    SET enable_seqscan = off; SET enable_bitmapscan = off";

const STATEMENTS: [(&str, &str); 11] = [
    ("fence", include_str!("../../src/apply/fence.sql")),
    ("probe", include_str!("../../src/apply/probe.sql")),
    ("probe_identifiers", include_str!("../../src/apply/probe_identifiers.sql")),
    ("walk_identifiers", include_str!("../../src/apply/walk_identifiers.sql")),
    ("lock_users", include_str!("../../src/apply/lock_users.sql")),
    ("release", include_str!("../../src/apply/release.sql")),
    ("update_users", include_str!("../../src/apply/update_users.sql")),
    ("applied", include_str!("../../src/apply/applied.sql")),
    ("waiters", include_str!("../../src/apply/waiters.sql")),
    ("count", include_str!("../../src/apply/count.sql")),
    ("payloads", include_str!("../../src/relay/payloads.sql")),
];

/// Tables that grow with what is imported. A scan of one costs more with every import.
const GROWING: [&str; 4] = ["directory_user", "user_secret", "import_chunk", "import_chunk_wait"];

#[tokio::test(flavor = "multi_thread")]
async fn no_statement_of_a_chunk_scans_what_grows() {
    let database = Database::migrated(&Servers::from_env()).await;
    fill(&database).await;
    database.sql().await.batch_execute(APPLY).await.unwrap();
    assert_probes(&database, "without statistics").await;
    database.sql().await.batch_execute("ANALYZE").await.unwrap();
    assert_probes(&database, "with statistics").await;
}

/// However many users lie between two ids, no more are read than asked for, and none is sorted.
#[tokio::test(flavor = "multi_thread")]
async fn a_walk_goes_along_the_primary_key_and_ends() {
    let database = Database::migrated(&Servers::from_env()).await;
    let client = database.sql().await;
    let users = "SET synchronous_commit = off;
        ALTER TABLE directory_user SET (autovacuum_enabled = off);
        INSERT INTO directory_user (project, id, email_key)
        SELECT 1 + n % 3, gen_random_uuid(), 'user' || n || '@example.com'
        FROM generate_series(1, 100000) n";
    client.batch_execute(users).await.unwrap();
    client.batch_execute(APPLY).await.unwrap();
    let sql = include_str!("../../src/apply/walk_identifiers.sql").replace("COLUMN", "email_key");
    for mode in ["force_generic_plan", "force_custom_plan"] {
        for when in ["without statistics", "with statistics"] {
            let prepare = format!("SET plan_cache_mode = {mode}; PREPARE walk AS {sql}");
            client.batch_execute(&prepare).await.unwrap();
            let explain = "EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE walk(1,
                '00000000-0000-0000-0000-000000000000',
                'ffffffff-ffff-ffff-ffff-ffffffffffff', 1000)";
            let plan: Value = client.query_one(explain, &[]).await.unwrap().get(0);
            client.batch_execute("DEALLOCATE walk; ANALYZE").await.unwrap();
            let mut scans = Vec::new();
            walk(&plan[0]["Plan"], &mut |node| {
                if node["Relation Name"] == "directory_user" {
                    scans.push((node["Index Name"].clone(), node["Actual Rows"].clone()));
                }
            });
            let expected = [(Value::from("directory_user_pkey"), Value::from(1_000))];
            assert_eq!(scans, expected, "{mode} {when}: {plan}");
        }
    }
}

/// The relay's statement has to find what is due without a setting's help.
#[tokio::test(flavor = "multi_thread")]
async fn the_claim_probes_by_itself() {
    let database = Database::migrated(&Servers::from_env()).await;
    fill_chunks(&database).await;
    let claim = ("claim", include_str!("../../src/relay/claim.sql"));
    let off = "SET jit = off; ALTER TABLE import_chunk SET (autovacuum_enabled = off)";
    database.sql().await.batch_execute(off).await.unwrap();
    for when in ["without statistics", "with statistics"] {
        assert_probe(&database, claim, when).await;
        database.sql().await.batch_execute("ANALYZE").await.unwrap();
    }
}

async fn fill(database: &Database) {
    let off = "ALTER TABLE directory_user SET (autovacuum_enabled = off);
        ALTER TABLE import_chunk SET (autovacuum_enabled = off);
        SET synchronous_commit = off";
    database.sql().await.batch_execute(off).await.unwrap();
    let users = "INSERT INTO directory_user (project, id, email_key, phone_number_key)
        SELECT 1 + n % 3, gen_random_uuid(), 'user' || n || '@example.com', '+' || (10000000000 + n)
        FROM generate_series(1, 1000000) n";
    assert_eq!(database.execute(users, &[]).await, 1_000_000);
    fill_chunks(database).await;
}

/// Thirty open tasks in two projects, all of it due.
async fn fill_chunks(database: &Database) {
    for task in 0..30 {
        let chunk = Chunk { due_in_seconds: -1.0, waits: 0 };
        forge_task(database, 1 + task % 2, 2_000, chunk).await;
    }
}

async fn assert_probes(database: &Database, when: &str) {
    for statement in STATEMENTS {
        assert_probe(database, statement, when).await;
    }
}

async fn assert_probe(database: &Database, (name, sql): (&str, &str), when: &str) {
    let sql = sql.replace("COLUMN", "email_key");
    let parameters = (1..100).take_while(|n| sql.contains(&format!("${n}"))).count();
    let nulls = vec!["NULL"; parameters].join(", ");
    let client = database.sql().await;
    let prepare = format!("SET plan_cache_mode = force_generic_plan; PREPARE {name} AS {sql}");
    client.batch_execute(&prepare).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
    let explain = format!("EXPLAIN (FORMAT JSON) EXECUTE {name}({nulls})");
    let plan: Value = client.query_one(&explain, &[]).await.unwrap().get(0);
    client.batch_execute(&format!("DEALLOCATE {name}")).await.unwrap();
    let mut probed = 0;
    walk(&plan[0]["Plan"], &mut |node| {
        let relation = node["Relation Name"].as_str().unwrap_or_default();
        let kind = node["Node Type"].as_str().unwrap();
        assert!(
            !(kind == "Seq Scan" && GROWING.contains(&relation)),
            "{name} {when} scans {relation}: {plan}"
        );
        probed += u32::from(kind.starts_with("Index") || kind.starts_with("Bitmap Index"));
    });
    assert!(probed > 0, "{name} {when} probes no index: {plan}");
}

fn walk(node: &Value, see: &mut impl FnMut(&Value)) {
    see(node);
    for child in node["Plans"].as_array().into_iter().flatten() {
        walk(child, see);
    }
}
