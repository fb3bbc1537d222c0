//! One attempt at a chunk: fence, open, probe, resolve, write, commit.

use std::time::Duration;

use bytes::Bytes;
use deadpool_postgres::GenericClient;
use tracing::Instrument;

use super::fence::{Fenced, fence};
use super::probe::{Found, Wanted};
use super::way::Way;
use super::work::{self, Opened, Work};
use super::write::{Written, write};
use super::{Apply, Error};
use crate::amqp::ChunkMessage;
use crate::chunk::ChunkRef;
use crate::import::task::Options;
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
const LIMITS: &str = "SET LOCAL lock_timeout = '5s'; SET LOCAL statement_timeout = '30s'; \
     SET LOCAL idle_in_transaction_session_timeout = '15s'; SET LOCAL jit = off; \
     SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; \
     SET LOCAL enable_seqscan = off";

pub fn chunk_ref(message: &ChunkMessage) -> ChunkRef {
    ChunkRef {
        project: message.project,
        task: message.task,
        first_index: message.first_index,
        record_count: message.record_count,
    }
}

/// Begins a transaction with its limits.
pub async fn begin(client: &mut pg::Client) -> Result<pg::Transaction<'_>, Error> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(LIMITS).await?;
    Ok(transaction)
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
    let (opened, fenced) = open(fenced, chunk, &message.sealed).await?;
    let (work, way) = match aim {
        Aim::Apply => resolve(apply, &transaction, opened, fenced, message, way).await?,
        Aim::Condemn => (opened.condemn(&chunk), way),
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

async fn open(fenced: Fenced, chunk: ChunkRef, sealed: &Bytes) -> Result<(Opened, Fenced), Error> {
    let sealed = sealed.clone();
    let span = tracing::info_span!("chunk.open");
    blocking(span, move || {
        let opened = work::open(&fenced, &chunk, &sealed)?;
        Ok((opened, fenced))
    })
    .await
}

/// Probes and resolves, in the given way or in one that is surer.
async fn resolve(
    apply: &Apply,
    client: &impl GenericClient,
    opened: Opened,
    fenced: Fenced,
    message: &ChunkMessage,
    way: Way,
) -> Result<(Work, Way), Error> {
    let chunk = chunk_ref(message);
    let indexes = chunk.first_index..chunk.first_index + i64::from(chunk.record_count);
    failpoint::pass_with("apply.records", indexes).await?;
    let (found, way) = probe(apply, client, &opened, &fenced, &chunk, way).await?;
    let (work, fenced) = decide(apply, opened, fenced, chunk, found).await?;
    if way == Way::Sure || work.is_judged_by_indexes {
        return Ok((work, way));
    }
    // A record that failed is not copied, and what an update of a new user took back is not
    // either: whether they met somebody has to be asked.
    let (opened, fenced) = open(fenced, chunk, &message.sealed).await?;
    let (found, way) = probe(apply, client, &opened, &fenced, &chunk, Way::Sure).await?;
    let (work, _) = decide(apply, opened, fenced, chunk, found).await?;
    Ok((work, way))
}

async fn decide(
    apply: &Apply,
    opened: Opened,
    fenced: Fenced,
    chunk: ChunkRef,
    found: Found,
) -> Result<(Work, Fenced), Error> {
    let keys = apply.master_keys.clone();
    let span = tracing::info_span!("chunk.resolve");
    blocking(span, move || Ok((opened.resolve(&fenced, &chunk, found, &keys), fenced))).await
}

async fn probe(
    apply: &Apply,
    client: &impl GenericClient,
    opened: &Opened,
    fenced: &Fenced,
    chunk: &ChunkRef,
    way: Way,
) -> Result<(Found, Way), Error> {
    let span =
        tracing::info_span!("chunk.probe", otel.kind = "client", db.system.name = "postgresql");
    let Options { identifier, upsert, dry_run } = fenced.options;
    // Nothing is written that could meet a taken login id, so all of them are asked for.
    let way = if dry_run { Way::Sure } else { way };
    if way != Way::Sure {
        let wanted = Wanted::of(way, identifier, opened.records());
        let found = wanted.probe_identifiers(client, chunk.project, identifier);
        let found = found.instrument(span.clone()).await?;
        if found.users.is_empty() || !upsert {
            return Ok((found, way));
        }
        apply.ways.keep(chunk, Way::Sure);
    }
    let wanted = Wanted::of(Way::Sure, identifier, opened.records());
    let found = wanted.probe(client, chunk.project).instrument(span).await?;
    Ok((found, Way::Sure))
}

/// Runs the computing off the threads that serve connections. A panic there is the chunk's.
async fn blocking<T: Send + 'static>(
    span: tracing::Span,
    compute: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(move || span.in_scope(compute))
        .await
        .unwrap_or(Err(Error::Panicked))
}

fn count(work: &Work, written: Written, way: Way) {
    let counts = work.told.counts;
    metrics::chunks_applied(way.as_str(), 1);
    for (outcome, n) in [
        ("inserted", counts.inserted),
        ("updated", counts.updated),
        ("skipped", counts.skipped),
        ("failed", counts.failed),
    ] {
        metrics::records(outcome, n as u64);
    }
    if let Written::LastChunk { task_seconds } = written {
        metrics::tasks_ended("completed", 1);
        metrics::task_seconds("completed", Duration::from_secs_f64(task_seconds.max(0.0)));
        // Which task stands in the span's own fields.
        let trace_id = telemetry::trace_id(&tracing::Span::current());
        tracing::info!(seconds = task_seconds, trace_id, "task completed");
    }
}
