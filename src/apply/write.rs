//! The write step: users, then the chunk and the task.

use deadpool_postgres::GenericClient;
use tokio_postgres::types::ToSql;

use super::Error;
use super::tell::{Counts, Told};
use super::work::{Changes, Work};
use crate::chunk::{ChunkRef, Details};
use crate::pg::Transaction;
use crate::project::{ensure_groups, ensure_roles};

type Param<'a> = &'a (dyn ToSql + Sync);

/// What the write step found out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Written {
    /// Everything is in place; to be committed.
    Chunk,
    /// As [`Self::Chunk`], and the task ended with it, so many seconds after it was received.
    LastChunk { task_seconds: f64 },
    /// The task ended or went away meanwhile; nothing of this may stay.
    TaskEnded,
}

/// Writes what an attempt resolved, in lock order: roles and groups by name, users that were
/// found by id, new users by key, waiters by index, the task, its key.
pub async fn write(
    client: &Transaction<'_>,
    chunk: &ChunkRef,
    work: &Work,
) -> Result<Written, Error> {
    ensure_roles(client, chunk.project, &work.new_roles).await?;
    ensure_groups(client, chunk.project, &work.new_groups).await?;
    make_room(client, chunk.project, &work.changes).await?;
    work.inserts.copy(client).await?;
    update(client, chunk.project, &work.changes).await?;
    write_chunk(client, chunk, &work.told).await
}

/// Locks the users to be changed and takes away the login ids that they lose, so that whoever
/// gets one of them finds it free.
async fn make_room(
    client: &impl GenericClient,
    project: i32,
    changes: &Changes,
) -> Result<(), Error> {
    let Changes { locks: (ids, versions), releases, updates: _ } = changes;
    if !ids.is_empty() {
        let lock = client.prepare_cached(include_str!("lock_users.sql")).await?;
        let locked = client.query(&lock, &[&project, ids, versions]).await?;
        if locked.len() < ids.len() {
            return Err(Error::Race);
        }
    }
    if !releases.is_empty() {
        let release = client.prepare_cached(include_str!("release.sql")).await?;
        client.execute(&release, &releases.params(&project)).await?;
    }
    Ok(())
}

async fn update(client: &impl GenericClient, project: i32, changes: &Changes) -> Result<(), Error> {
    let updates = &changes.updates;
    if updates.is_empty() {
        return Ok(());
    }
    let update = client.prepare_cached(include_str!("update_users.sql")).await?;
    let rows = client.execute(&update, &updates.params(&project)).await?;
    if (rows as usize) < updates.len() { Err(Error::Race) } else { Ok(()) }
}

/// The chunk, those that waited for it, and the task, sent in this order and in one round trip.
async fn write_chunk(
    client: &impl GenericClient,
    chunk: &ChunkRef,
    told: &Told,
) -> Result<Written, Error> {
    let ChunkRef { project, task, first_index, record_count } = chunk;
    let Told { details, counts, failed_lines } = told;
    // Prepared before anything is sent: one that still had to be would be overtaken.
    let applied = client.prepare_cached(include_str!("applied.sql")).await?;
    let waiters = client.prepare_cached(include_str!("waiters.sql")).await?;
    let innocent = client.prepare_cached(INNOCENT).await?;
    let count = client.prepare_cached(include_str!("count.sql")).await?;
    let Details { blob, failed, warned } = details;
    let Counts { inserted, updated, skipped, failed: lost } = counts;
    let chunk: [Param<'_>; 4] = [project, task, first_index, record_count];
    let outcomes: [Param<'_>; 7] = [project, task, first_index, blob, failed, warned, failed_lines];
    let counts: [Param<'_>; 6] = [project, task, inserted, updated, skipped, lost];
    let sent = tokio::join!(
        biased;
        client.execute(&applied, &outcomes),
        client.execute(&waiters, &chunk[..3]),
        client.execute(&innocent, &chunk),
        client.query_opt(&count, &counts),
    );
    // The first to fail is the one that failed; Postgres refuses all that come after it.
    sent.0?;
    sent.1?;
    sent.2?;
    let Some(row) = sent.3? else {
        return Ok(Written::TaskEnded);
    };
    if !row.get::<_, bool>(0) {
        return Ok(Written::Chunk);
    }
    let shred = client
        .prepare_cached("DELETE FROM import_task_key WHERE project = $1 AND task = $2")
        .await?;
    client.execute(&shred, &[project, task]).await?;
    Ok(Written::LastChunk { task_seconds: row.get(1) })
}

const INNOCENT: &str = "DELETE FROM import_chunk_attempt
    WHERE project = $1 AND task = $2 AND first_index = $3 AND record_count = $4";
