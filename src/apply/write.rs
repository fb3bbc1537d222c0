//! The write step, the sure way: release, insert, update, then the chunk and the task.

use deadpool_postgres::GenericClient;

use super::Error;
use super::work::{Told, Work};
use crate::chunk::ChunkRef;
use crate::project::{ensure_groups, ensure_roles};

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
    client: &impl GenericClient,
    chunk: &ChunkRef,
    work: &Work,
) -> Result<Written, Error> {
    ensure_roles(client, chunk.project, &work.new_roles).await?;
    ensure_groups(client, chunk.project, &work.new_groups).await?;
    write_users(client, chunk.project, work).await?;
    write_chunk(client, chunk, work).await?;
    count(client, chunk, work).await
}

async fn write_users(client: &impl GenericClient, project: i32, work: &Work) -> Result<(), Error> {
    if !work.updates.is_empty() {
        let lock = client.prepare_cached(include_str!("lock_users.sql")).await?;
        let locked = client.query(&lock, &[&project, &work.locks.0, &work.locks.1]).await?;
        if locked.len() < work.locks.0.len() {
            return Err(Error::Race);
        }
    }
    if !work.releases.is_empty() {
        let release = client.prepare_cached(include_str!("release.sql")).await?;
        client.execute(&release, &work.releases.params(&project)).await?;
    }
    if !work.inserts.is_empty() {
        let insert = client.prepare_cached(include_str!("insert_users.sql")).await?;
        let inserted = client.execute(&insert, &work.inserts.params(&project)).await?;
        if (inserted as usize) < work.inserts.len() {
            return Err(Error::Race);
        }
    }
    if !work.secrets.is_empty() {
        let secrets = client.prepare_cached(include_str!("insert_secrets.sql")).await?;
        client.execute(&secrets, &work.secrets.params(&project)).await?;
    }
    if !work.updates.is_empty() {
        let update = client.prepare_cached(include_str!("update_users.sql")).await?;
        let updated = client.execute(&update, &work.updates.params(&project)).await?;
        if (updated as usize) < work.updates.len() {
            return Err(Error::Race);
        }
    }
    Ok(())
}

async fn write_chunk(
    client: &impl GenericClient,
    chunk: &ChunkRef,
    work: &Work,
) -> Result<(), Error> {
    let ChunkRef { project, task, first_index, record_count } = chunk;
    let Told { details, counts: _, failed_lines } = &work.told;
    let applied = client.prepare_cached(include_str!("applied.sql")).await?;
    client
        .execute(
            &applied,
            &[
                project,
                task,
                first_index,
                &details.blob,
                &details.failed,
                &details.warned,
                failed_lines,
            ],
        )
        .await?;
    let waiters = client.prepare_cached(include_str!("waiters.sql")).await?;
    client.execute(&waiters, &[project, task, first_index]).await?;
    let innocent = client
        .prepare_cached(
            "DELETE FROM import_chunk_attempt
             WHERE project = $1 AND task = $2 AND first_index = $3 AND record_count = $4",
        )
        .await?;
    client.execute(&innocent, &[project, task, first_index, record_count]).await?;
    Ok(())
}

async fn count(
    client: &impl GenericClient,
    chunk: &ChunkRef,
    work: &Work,
) -> Result<Written, Error> {
    let counts = work.told.counts;
    let count = client.prepare_cached(include_str!("count.sql")).await?;
    let row = client
        .query_opt(
            &count,
            &[
                &chunk.project,
                &chunk.task,
                &counts.inserted,
                &counts.updated,
                &counts.skipped,
                &counts.failed,
            ],
        )
        .await?;
    let Some(row) = row else {
        return Ok(Written::TaskEnded);
    };
    if !row.get::<_, bool>(0) {
        return Ok(Written::Chunk);
    }
    let shred = client
        .prepare_cached("DELETE FROM import_task_key WHERE project = $1 AND task = $2")
        .await?;
    client.execute(&shred, &[&chunk.project, &chunk.task]).await?;
    Ok(Written::LastChunk { task_seconds: row.get(1) })
}
