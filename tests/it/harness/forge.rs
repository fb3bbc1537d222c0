//! Tasks made by SQL, for tests of a statement alone.

use super::Database;

/// A chunk as a test wants it to stand.
#[derive(Debug, Clone, Copy)]
pub struct Chunk {
    pub due_in_seconds: f64,
    pub waits: i32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Forged {
    pub project: i32,
    pub task: i64,
}

/// A received task of `count` like chunks of one record each, sealed under no key at all.
pub async fn forge_task(database: &Database, project: i32, count: i64, chunk: Chunk) -> Forged {
    let sql = "WITH t AS (
            INSERT INTO import_task (project, id, identifier, upsert, dry_run, received_at, total,
                                     chunks_received, chunks_left)
            VALUES ($1, gen_random_uuid()::text, 'email', false, false, now(), $2, $2, $2)
            RETURNING project, task
        ), c AS (
            INSERT INTO import_chunk (project, task, first_index, record_count, waits, due_at, sealed)
            SELECT project, task, i, 1, $4, now() + $3 * interval '1 second', '\\x00'
            FROM t, generate_series(0, $2 - 1) i
        )
        SELECT project, task FROM t";
    let row = database.row(sql, &[&project, &count, &chunk.due_in_seconds, &chunk.waits]).await;
    Forged { project: row.get(0), task: row.get(1) }
}
