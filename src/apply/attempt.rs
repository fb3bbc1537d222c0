//! One attempt at a chunk: fence, open, probe, resolve, write, commit.

use std::time::Duration;

use tracing::Instrument;

use super::fence::{Fenced, fence};
use super::judge::Judge;
use super::way::Way;
use super::work::Work;
use super::write::{Written, write};
use super::{Apply, Error};
use crate::amqp::ChunkMessage;
use crate::chunk::ChunkRef;
use crate::import::outcome::Outcome;
use crate::{failpoint, metrics, pg, telemetry};

/// How an attempt ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// Committed, and which way it was written.
    Applied(Way),
    /// Cut into parts, which are chunks of their own.
    Split,
    /// There was nothing to do: applied before, waiting, split, cancelled or gone.
    Nothing,
}

/// What is done with the records behind the fence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    Apply,
    /// The one record of the chunk is given up on.
    Condemn,
}

/// Limits of a transaction, so that a frozen worker's locks end and nobody waits for ever. A
/// healthy chunk takes a tenth of a second.
///
/// The planner is told to probe: a plan made while the directory was small is kept by its
/// connection when it has grown.
pub const LIMITS: &str = "SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '30s'; \
     SET LOCAL idle_in_transaction_session_timeout = '15s'; SET LOCAL jit = off; \
     SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; \
     SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off";

pub fn chunk_ref(message: &ChunkMessage) -> ChunkRef {
    ChunkRef {
        project: message.project,
        task: message.task,
        first_index: message.first_index,
        record_count: message.record_count,
    }
}

/// What a delivery that nothing is held against does. `Ok(None)`: something is, after all.
pub async fn attempt(
    apply: &Apply,
    message: &ChunkMessage,
    aim: Aim,
) -> Result<Option<Done>, Error> {
    let mut client = apply.pool.get().await?;
    let chunk = chunk_ref(message);
    let mut way = apply.ways.next(&chunk);
    loop {
        let transaction = client.transaction().await?;
        // One after the other on the wire, and one round trip.
        let (limits, fenced) = tokio::join!(
            transaction.batch_execute(LIMITS),
            fence(&transaction, &apply.master_keys, &chunk)
        );
        limits?;
        let Some(fenced) = fenced? else {
            return Ok(Some(Done::Nothing));
        };
        if fenced.starts > 0 && aim == Aim::Apply {
            return Ok(None);
        }
        let options = fenced.options;
        match behind_fence(apply, transaction, fenced, message, aim, way).await {
            Ok(done) => return Ok(Some(done)),
            Err(error) => match apply.ways.after(&chunk, way, options, &error) {
                Some(next) => {
                    metrics::copies_in_vain(1);
                    way = next;
                }
                None => return Err(error),
            },
        }
    }
}

/// Everything behind the fence, and the commit.
pub async fn behind_fence(
    apply: &Apply,
    transaction: pg::Transaction<'_>,
    fenced: Fenced,
    message: &ChunkMessage,
    aim: Aim,
    way: Way,
) -> Result<Done, Error> {
    telemetry::link(&tracing::Span::current(), fenced.traceparent.as_deref());
    failpoint::pass("apply.after_fence").await?;
    let chunk = chunk_ref(message);
    let judge = Judge { apply, client: &transaction, message, chunk };
    let (work, way) = match aim {
        Aim::Apply => judge.resolve(fenced, way).await?,
        Aim::Condemn => (judge.condemn(fenced).await?, way),
    };
    let span = tracing::info_span!(
        "chunk.write",
        otel.kind = "client",
        db.system.name = "postgresql",
        import.way = way.as_str()
    );
    let written = write(&transaction, &chunk, &work).instrument(span).await?;
    if written == Written::TaskEnded {
        return Ok(Done::Nothing);
    }
    failpoint::pass("apply.before_commit").await?;
    transaction.commit().await?;
    failpoint::pass("apply.after_commit").await?;
    count(&work, written, way);
    Ok(Done::Applied(way))
}

fn count(work: &Work, written: Written, way: Way) {
    let counts = work.told.counts;
    metrics::chunks_applied(way.as_str(), 1);
    for (outcome, n) in [
        (Outcome::Inserted, counts.inserted),
        (Outcome::Updated, counts.updated),
        (Outcome::Skipped, counts.skipped),
        (Outcome::Failed, counts.failed),
    ] {
        metrics::records(outcome.as_str(), n as u64);
    }
    if let Written::LastChunk { task_seconds } = written {
        metrics::tasks_ended("completed", 1);
        metrics::task_seconds("completed", Duration::from_secs_f64(task_seconds.max(0.0)));
        // Which task stands in the span's own fields.
        let trace_id = telemetry::trace_id(&tracing::Span::current());
        tracing::info!(seconds = task_seconds, trace_id, "task completed");
    }
}
