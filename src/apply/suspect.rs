//! A chunk that a worker may have died of: it runs alone, and its start is on record.
//!
//! Only what died alone counts, so no neighbour in the same process is ever blamed. A commit
//! deletes the record, and a clean failure gives the start back. At the limit the chunk is cut
//! into parts, and a single record is given up on.

use std::time::Duration;

use super::attempt::{Aim, Done, LIMITS, behind_fence, chunk_ref};
use super::disposition::{self, Disposition};
use super::fence::{Fenced, fence};
use super::split::{self, Cause};
use super::way::Way;
use super::{Apply, Error};
use crate::amqp::ChunkMessage;
use crate::chunk::ChunkRef;
use crate::{metrics, pg};

/// A chunk's deadline: half its default lease, and hundreds of times what a healthy one takes.
pub const DEADLINE: Duration = Duration::from_mins(1);

/// Applies the chunk with every permit of this process in hand. The caller holds none.
pub async fn attempt_alone(apply: &Apply, message: &ChunkMessage) -> Result<Done, Error> {
    let chunk = chunk_ref(message);
    let mut client = apply.pool.get().await?;
    let transaction = pg::begin(&mut client, LIMITS).await?;
    // Whoever holds the fence for longer than a moment is at work on this very chunk.
    transaction.batch_execute("SET LOCAL lock_timeout = '1s'").await?;
    // The fence first, then the permits: a suspect that somebody else works on stops nobody.
    let fenced = fence(&transaction, &apply.master_keys, &chunk).await?;
    let Some(fenced) = fenced else {
        return Ok(Done::Nothing);
    };
    transaction.batch_execute("SET LOCAL lock_timeout = '5s'").await?;
    let alone = apply.permits.acquire_many(apply.concurrency as u32).await;
    let _alone = alone.expect("the semaphore is never closed");
    if fenced.starts >= apply.chunk_attempts {
        return at_the_limit(apply, transaction, fenced, message).await;
    }
    record_start(apply, &chunk).await?;
    let work = behind_fence(apply, transaction, fenced, message, Aim::Apply, Way::Sure);
    let result = tokio::time::timeout(DEADLINE, work).await.unwrap_or(Err(Error::Deadline));
    if let Err(error) = &result
        && disposition::of(error, 1) != Disposition::Suspect
    {
        give_start_back(apply, &chunk).await?;
    }
    result
}

async fn at_the_limit(
    apply: &Apply,
    transaction: pg::Transaction<'_>,
    fenced: Fenced,
    message: &ChunkMessage,
) -> Result<Done, Error> {
    if message.record_count == 1 {
        return behind_fence(apply, transaction, fenced, message, Aim::Condemn, Way::Sure).await;
    }
    split::split(apply, transaction, fenced, message, Cause::Died).await
}

/// On a connection of its own: the start must be on record whatever becomes of the transaction.
async fn record_start(apply: &Apply, chunk: &ChunkRef) -> Result<(), Error> {
    metrics::suspect_starts(1);
    let client = apply.pool.get().await?;
    let statement = client
        .prepare_cached(
            "INSERT INTO import_chunk_attempt AS a (project, task, first_index, record_count, starts)
             VALUES ($1, $2, $3, $4, 1)
             ON CONFLICT ON CONSTRAINT import_chunk_attempt_pkey DO UPDATE SET starts = a.starts + 1",
        )
        .await?;
    let ChunkRef { project, task, first_index, record_count } = chunk;
    client.execute(&statement, &[project, task, first_index, record_count]).await?;
    Ok(())
}

async fn give_start_back(apply: &Apply, chunk: &ChunkRef) -> Result<(), Error> {
    let client = apply.pool.get().await?;
    let statement = client
        .prepare_cached(
            "UPDATE import_chunk_attempt SET starts = greatest(starts - 1, 0)
             WHERE project = $1 AND task = $2 AND first_index = $3 AND record_count = $4",
        )
        .await?;
    let ChunkRef { project, task, first_index, record_count } = chunk;
    client.execute(&statement, &[project, task, first_index, record_count]).await?;
    Ok(())
}
