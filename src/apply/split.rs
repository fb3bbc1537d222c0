//! Cutting a chunk, so that a record which spoils it spoils less.
//!
//! One mechanism for every poison: in two when the database refused the data, in 32 when a
//! worker died. Each further part is a new chunk that waits for the part before, and what waited
//! for the whole waits for the last part, so that no other counter changes.

use deadpool_postgres::GenericClient;

use super::attempt::{Done, LIMITS, chunk_ref};
use super::fence::{Fenced, fence};
use super::{Apply, Error};
use crate::amqp::ChunkMessage;
use crate::chunk::{ChunkRef, read_payload};
use crate::{metrics, pg};

/// Why a chunk is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The database refused the data. Halving finds the record without a death.
    Refused,
    /// A worker died. Each try costs a death, so the search is wide: at most a dozen deaths for
    /// the 1,000 records of a chunk.
    Died,
}

impl Cause {
    const fn parts(self) -> usize {
        match self {
            Self::Refused => 2,
            Self::Died => 32,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Died => "died",
        }
    }
}

/// The columns of the parts, in index order; of the first one the row exists already.
#[derive(Debug, Default)]
struct Parts {
    first_index: Vec<i64>,
    record_count: Vec<i32>,
    sealed: Vec<Vec<u8>>,
    /// Starts that a part has on record from the beginning.
    starts: Vec<i32>,
}

/// Takes the fence and cuts the chunk in two.
pub async fn split_refused(apply: &Apply, message: &ChunkMessage) -> Result<(), Error> {
    let mut client = apply.pool.get().await?;
    let transaction = pg::begin(&mut client, LIMITS).await?;
    let fenced = fence(&transaction, &apply.master_keys, &chunk_ref(message)).await?;
    let Some(fenced) = fenced else { return Ok(()) };
    split(apply, transaction, fenced, message, Cause::Refused).await.map(drop)
}

/// Cuts the chunk behind the fence and commits.
pub async fn split(
    apply: &Apply,
    transaction: pg::Transaction<'_>,
    fenced: Fenced,
    message: &ChunkMessage,
    cause: Cause,
) -> Result<Done, Error> {
    let chunk = chunk_ref(message);
    let parts = cut(&fenced, &chunk, &message.sealed, cause, apply.chunk_attempts)?;
    write(&transaction, &chunk, &parts).await?;
    if !count(&transaction, &chunk, parts.first_index.len() as i64 - 1).await? {
        return Ok(Done::Nothing);
    }
    transaction.commit().await?;
    metrics::chunks_split(cause.as_str(), 1);
    tracing::warn!(?chunk, parts = parts.first_index.len(), "the chunk was split");
    Ok(Done::Split)
}

fn cut(
    fenced: &Fenced,
    chunk: &ChunkRef,
    sealed: &[u8],
    cause: Cause,
    attempts: i32,
) -> Result<Parts, Error> {
    let payload = read_payload(&fenced.key, chunk, sealed)?;
    let mut parts = Parts::default();
    for range in ranges(chunk.record_count as usize, cause.parts()) {
        let first_index = chunk.first_index + range.start as i64;
        let single = range.len() == 1;
        let mut part = payload.part(range);
        let (part, sealed) = part.finish(&fenced.key, chunk.project, chunk.task, first_index);
        parts.first_index.push(first_index);
        parts.record_count.push(part.record_count);
        parts.sealed.push(sealed);
        parts.starts.push(starts(cause, single, attempts));
    }
    Ok(parts)
}

/// A part of several records is cut again after one death, a single record is given up on after
/// two: so one death that had another cause condemns nobody.
const fn starts(cause: Cause, single: bool, attempts: i32) -> i32 {
    match cause {
        Cause::Refused => 0,
        Cause::Died if single => attempts - 2,
        Cause::Died => attempts - 1,
    }
}

/// `count` records in at most `parts` runs of nearly the same length.
fn ranges(count: usize, parts: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let parts = parts.min(count);
    (0..parts).map(move |part| part * count / parts..(part + 1) * count / parts)
}

async fn write(client: &impl GenericClient, chunk: &ChunkRef, parts: &Parts) -> Result<(), Error> {
    let ChunkRef { project, task, first_index, record_count } = chunk;
    let move_edges = client
        .prepare_cached(
            "UPDATE import_chunk_wait SET waits_for = $4
             WHERE project = $1 AND task = $2 AND waits_for = $3",
        )
        .await?;
    let last = parts.first_index.last().expect("a chunk has records");
    client.execute(&move_edges, &[project, task, first_index, last]).await?;
    let shrink = client
        .prepare_cached(
            "UPDATE import_chunk SET record_count = $4, sealed = $5, published = 0, due_at = now()
             WHERE project = $1 AND task = $2 AND first_index = $3",
        )
        .await?;
    client
        .execute(&shrink, &[project, task, first_index, &parts.record_count[0], &parts.sealed[0]])
        .await?;
    let acquit = client
        .prepare_cached(
            "DELETE FROM import_chunk_attempt
             WHERE project = $1 AND task = $2 AND first_index = $3 AND record_count = $4",
        )
        .await?;
    client.execute(&acquit, &[project, task, first_index, record_count]).await?;
    let insert = client.prepare_cached(include_str!("split.sql")).await?;
    client
        .execute(
            &insert,
            &[project, task, &parts.first_index, &parts.record_count, &parts.sealed, &parts.starts],
        )
        .await?;
    Ok(())
}

/// The task has more chunks left now. False: it ended meanwhile.
async fn count(client: &impl GenericClient, chunk: &ChunkRef, more: i64) -> Result<bool, Error> {
    let statement = client
        .prepare_cached(
            "UPDATE import_task SET chunks_left = chunks_left + $3
             WHERE project = $1 AND task = $2 AND ended_at IS NULL AND gone_at IS NULL",
        )
        .await?;
    Ok(client.execute(&statement, &[&chunk.project, &chunk.task, &more]).await? == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cover_the_chunk_and_differ_by_one_at_most() {
        for (count, parts) in [(1, 2), (2, 2), (3, 2), (1000, 32), (31, 32), (33, 32)] {
            let cut: Vec<_> = ranges(count, parts).collect();
            assert_eq!(cut.len(), parts.min(count));
            assert_eq!((cut[0].start, cut.last().unwrap().end), (0, count));
            assert!(cut.windows(2).all(|pair| pair[0].end == pair[1].start));
            let lengths = cut.iter().map(ExactSizeIterator::len);
            assert!(lengths.clone().max().unwrap() - lengths.min().unwrap() <= 1);
        }
    }

    #[test]
    fn a_poison_among_a_thousand_is_found_within_a_dozen_deaths() {
        let attempts = 4;
        let (mut records, mut on_record, mut deaths) = (1000, 0, 0);
        while !(records == 1 && on_record >= attempts) {
            if on_record >= attempts {
                records =
                    ranges(records, Cause::Died.parts()).map(|part| part.len()).max().unwrap();
                on_record = starts(Cause::Died, records == 1, attempts);
            } else {
                on_record += 1;
                deaths += 1;
            }
        }
        assert!(deaths <= 12, "{deaths}");
    }
}
