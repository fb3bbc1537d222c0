//! The statements of an upload, each on whatever connection or transaction it is given.

use deadpool_postgres::GenericClient;
use futures_util::pin_mut;
use jiff::Timestamp;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;

use super::chunks::Staged;
use crate::import::task::{Options, Status};
use crate::pg::{Error, Transaction};
use crate::seal::Wrapped;

/// A task as it answers a request that was made before.
#[derive(Debug, Clone)]
pub struct Known {
    pub id: String,
    pub created_at: Timestamp,
    pub status: Status,
    pub digest: Vec<u8>,
}

/// The task that holds an idempotency key.
pub async fn holder(
    client: &impl GenericClient,
    project: i32,
    key: &str,
) -> Result<Option<Known>, Error> {
    let select = "SELECT id, created_at, ended_at IS NOT NULL, cancelled, request_digest \
                  FROM import_task \
                  WHERE project = $1 AND idempotency_key = $2 AND gone_at IS NULL";
    let select = client.prepare_cached(select).await?;
    let row = client.query_opt(&select, &[&project, &key]).await?;
    Ok(row.map(|row| Known {
        id: row.get(0),
        created_at: row.get(1),
        status: match (row.get(2), row.get(3)) {
            (false, _) => Status::Pending,
            (true, false) => Status::Completed,
            (true, true) => Status::Cancelled,
        },
        digest: row.get(4),
    }))
}

/// A process that freezes inside a transaction, or whose machine is gone, would hold its locks for
/// the two hours after which TCP gives up, and with the project's row every upload of the project.
/// Who waits for a lock outlasts such a holder, but not for ever.
pub const LIMITS: &str = "SET LOCAL idle_in_transaction_session_timeout = '15s'; \
     SET LOCAL lock_timeout = '25s'";

/// What is known of a task before its first record.
#[derive(Debug)]
pub struct NewTask<'a> {
    pub project: i32,
    pub id: &'a str,
    pub options: Options,
    pub traceparent: Option<String>,
    pub open_tasks_max: i64,
}

/// Returns the task's number and when it was made; nothing where the project has too many.
pub async fn open_task(
    transaction: &Transaction<'_>,
    new: &NewTask<'_>,
) -> Result<Option<(i64, Timestamp)>, Error> {
    let insert = transaction.prepare_cached(include_str!("open_task.sql")).await?;
    let Options { identifier, upsert, dry_run } = new.options;
    let identifier = identifier.as_str();
    let row = transaction
        .query_opt(
            &insert,
            &[
                &new.project,
                &new.id,
                &identifier,
                &upsert,
                &dry_run,
                &new.traceparent,
                &new.open_tasks_max,
            ],
        )
        .await?;
    Ok(row.map(|row| (row.get(0), row.get(1))))
}

pub async fn insert_key(
    transaction: &Transaction<'_>,
    project: i32,
    task: i64,
    key: &Wrapped,
) -> Result<(), Error> {
    let insert = "INSERT INTO import_task_key (project, task, master_key_id, wrapped_key) VALUES ($1, $2, $3, $4)";
    let insert = transaction.prepare_cached(insert).await?;
    transaction.execute(&insert, &[&project, &task, &key.master_key_id, &key.bytes]).await?;
    Ok(())
}

/// Shows that the upload lives. False: it was given up, and whoever stages for it stops.
pub async fn touch(client: &impl GenericClient, project: i32, task: i64) -> Result<bool, Error> {
    let update = "UPDATE import_task SET touched_at = now() \
                  WHERE project = $1 AND task = $2 AND received_at IS NULL AND gone_at IS NULL";
    let update = client.prepare_cached(update).await?;
    Ok(client.execute(&update, &[&project, &task]).await? == 1)
}

pub async fn copy_chunks(transaction: &Transaction<'_>, chunks: &[Staged]) -> Result<(), Error> {
    let copy = "COPY import_chunk (project, task, first_index, record_count, waits, sealed) FROM STDIN BINARY";
    let copy = transaction.prepare_cached(copy).await?;
    let sink = transaction.copy_in(&copy).await?;
    let types = [Type::INT4, Type::INT8, Type::INT8, Type::INT4, Type::INT4, Type::BYTEA];
    let writer = BinaryCopyInWriter::new(sink, &types);
    pin_mut!(writer);
    for staged in chunks {
        let chunk = &staged.chunk;
        let waits = staged.predecessors.len() as i32;
        writer
            .as_mut()
            .write(&[
                &chunk.project,
                &chunk.task,
                &chunk.first_index,
                &chunk.record_count,
                &waits,
                &staged.sealed,
            ])
            .await?;
    }
    writer.finish().await?;
    Ok(())
}

pub async fn insert_waits(
    transaction: &Transaction<'_>,
    project: i32,
    task: i64,
    chunks: &[Staged],
) -> Result<(), Error> {
    let edges = || {
        chunks.iter().flat_map(|it| {
            it.predecessors.iter().map(|waits_for| (*waits_for, it.chunk.first_index))
        })
    };
    let (waits_for, first_index): (Vec<i64>, Vec<i64>) = edges().unzip();
    if waits_for.is_empty() {
        return Ok(());
    }
    let insert = "INSERT INTO import_chunk_wait (project, task, waits_for, first_index) \
                  SELECT $1, $2, waits_for, first_index \
                  FROM unnest($3::bigint[], $4::bigint[]) AS edge (waits_for, first_index)";
    let insert = transaction.prepare_cached(insert).await?;
    transaction.execute(&insert, &[&project, &task, &waits_for, &first_index]).await?;
    Ok(())
}

/// What an upload came to.
#[derive(Debug, Clone)]
pub struct Total {
    pub records: i64,
    pub chunks: i64,
    pub idempotency_key: Option<String>,
    pub digest: Option<Vec<u8>>,
}

/// False: the upload was given up, or the project has too many tasks.
pub async fn finish_task(
    transaction: &Transaction<'_>,
    project: i32,
    task: i64,
    total: &Total,
    open_tasks_max: i64,
) -> Result<bool, Error> {
    let lock = "SELECT FROM project WHERE number = $1 FOR NO KEY UPDATE";
    let lock = transaction.prepare_cached(lock).await?;
    let update = transaction.prepare_cached(include_str!("finish_task.sql")).await?;
    transaction.execute(&lock, &[&project]).await?;
    let updated = transaction
        .execute(
            &update,
            &[
                &project,
                &task,
                &total.records,
                &total.chunks,
                &total.idempotency_key,
                &total.digest,
                &open_tasks_max,
            ],
        )
        .await?;
    Ok(updated == 1)
}

/// True: it was being uploaded and is gone now.
pub async fn abandon_task(
    client: &impl GenericClient,
    project: i32,
    task: i64,
) -> Result<bool, Error> {
    let update = client.prepare_cached(include_str!("abandon_task.sql")).await?;
    Ok(client.execute(&update, &[&project, &task]).await? == 1)
}

pub async fn is_received(
    client: &impl GenericClient,
    project: i32,
    task: i64,
) -> Result<bool, Error> {
    let select =
        "SELECT FROM import_task WHERE project = $1 AND task = $2 AND received_at IS NOT NULL";
    let select = client.prepare_cached(select).await?;
    Ok(client.query_opt(&select, &[&project, &task]).await?.is_some())
}
