//! A backup of Postgres alone is a backup of the service: the broker holds nothing of its own.

use std::path::Path;
use std::process::Command;

use crate::harness::{World, assert_converged, eventually, holds, lines, postgres_program};

fn dump(url: &str, file: &Path) {
    let mut dump = Command::new(postgres_program("pg_dump"));
    let done = dump.args(["--no-owner", "--no-privileges", "--file"]).arg(file).arg(url).status();
    assert!(done.unwrap().success());
}

fn restore(url: &str, file: &Path) {
    let mut psql = Command::new(postgres_program("psql"));
    psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", "-f"]).arg(file).arg(url);
    assert!(psql.status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_taken_in_the_middle_completes_beside_an_empty_broker() {
    let world = World::new().await;
    // What was published when the backup was taken is published again after this.
    let api = world.api().env("CHUNK_RECORDS", 100).env("CHUNK_LEASE_SECONDS", 5).start().await;
    let client = world.client(&api).await;
    let slow = world.worker().failpoints("apply.before_commit=delay:300").start().await;
    let task = client.import_lines(lines(0..3000)).await.task();
    eventually("some of it is applied", 60, async || {
        let seen = client.status(&task).await["summary"]["inserted"].clone();
        holds(seen.as_u64().unwrap() > 0, seen)
    })
    .await;
    let file = world.folder.join("backup.sql");
    dump(&world.database.url, &file);

    let restored = World::without_schema().await;
    restore(&restored.database.url, &file);
    let applied = "SELECT count(*) FROM import_chunk WHERE applied_at IS NOT NULL";
    let applied = restored.database.count(applied, &[]).await;
    assert!((1..30).contains(&applied), "the backup was taken in the middle: {applied} of 30");
    let other = restored.api().start().await;
    let _worker = restored.worker().start().await;
    let seen = assert_converged(&restored, &client.at(other.address()), &task).await;
    assert_eq!(seen["summary"]["inserted"], 3000, "{}", seen["summary"]);
    drop(slow);
}
