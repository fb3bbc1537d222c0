//! Publishing what was claimed, a few payloads at a time, and undoing what was not taken.

use deadpool_postgres::GenericClient;
use tracing::Span;

use super::{Claimed, publish_span};
use crate::amqp::{ChunkMessage, Fate, Lane, Publisher};
use crate::{failpoint, metrics, pg, telemetry};

/// Payloads in memory at once. A chunk is about 1 MiB before compression and 15 MiB at the very
/// most (with one record of the largest size that can be set), so this stays below 64 MiB.
const BATCH: usize = 4;

/// How long a chunk rests that the broker did not take, in seconds: a missing queue is declared
/// again well within it.
const REST_SECONDS: f64 = 1.0;

/// Publishes `claimed` and makes due again whatever the broker did not certainly take.
///
/// Returns false where the publisher is not to be used again.
pub async fn publish(
    client: &impl GenericClient,
    publisher: &Publisher,
    lane: Lane,
    claimed: &[Claimed],
) -> Result<bool, pg::Error> {
    for (at, batch) in claimed.chunks(BATCH).enumerate() {
        let (messages, spans) = load(client, batch).await?;
        let (fates, usable) = publisher.publish(lane, &messages).await;
        failpoint::pass("relay.after_publish").await?;
        drop(spans);
        settle(client, &messages, &fates).await?;
        failpoint::pass("relay.after_confirm").await?;
        if !usable {
            // The rest was never handed over.
            let rest: Vec<_> = claimed.iter().skip((at + 1) * BATCH).collect();
            let keys = Keys::new(rest.iter().map(|c| (c.project, c.task, c.first_index)));
            keys.due_again(client, true).await?;
            return Ok(false);
        }
    }
    Ok(true)
}

async fn load(
    client: &impl GenericClient,
    batch: &[Claimed],
) -> Result<(Vec<ChunkMessage>, Vec<Span>), pg::Error> {
    let keys = Keys::new(batch.iter().map(|c| (c.project, c.task, c.first_index)));
    let counts: Vec<i32> = batch.iter().map(|c| c.record_count).collect();
    let statement = client.prepare_cached(include_str!("payloads.sql")).await?;
    let rows = client
        .query(&statement, &[&keys.projects, &keys.tasks, &keys.first_indexes, &counts])
        .await?;
    let mut messages = Vec::with_capacity(rows.len());
    let mut spans = Vec::with_capacity(rows.len());
    for row in &rows {
        let key: (i32, i64, i64) = (row.get(0), row.get(1), row.get(2));
        let found = batch.iter().find(|c| (c.project, c.task, c.first_index) == key);
        let claimed = found.expect("the statement returns only what it was asked for");
        let span = publish_span(claimed, row.get(4));
        messages.push(ChunkMessage {
            project: claimed.project,
            task: claimed.task,
            first_index: claimed.first_index,
            record_count: claimed.record_count,
            published: claimed.published,
            traceparent: telemetry::traceparent(&span),
            sealed: row.get::<_, Vec<u8>>(3).into(),
        });
        spans.push(span);
    }
    Ok((messages, spans))
}

async fn settle(
    client: &impl GenericClient,
    messages: &[ChunkMessage],
    fates: &[Fate],
) -> Result<(), pg::Error> {
    for (fate, count) in [
        (Fate::Sent, metrics::chunks_published as fn(u64)),
        (Fate::Returned, metrics::chunks_returned),
        (Fate::Refused, metrics::chunks_nacked),
        (Fate::Unknown, metrics::chunks_unknown),
    ] {
        let of_fate = messages.iter().zip(fates).filter(|(_, of)| **of == fate);
        let keys = Keys::new(of_fate.map(|(m, _)| (m.project, m.task, m.first_index)));
        count(keys.projects.len() as u64);
        if fate != Fate::Sent {
            keys.due_again(client, fate != Fate::Unknown).await?;
        }
    }
    Ok(())
}

/// Chunks as the columns of a statement.
struct Keys {
    projects: Vec<i32>,
    tasks: Vec<i64>,
    first_indexes: Vec<i64>,
}

impl Keys {
    fn new(keys: impl Iterator<Item = (i32, i64, i64)>) -> Self {
        let mut columns =
            Self { projects: Vec::new(), tasks: Vec::new(), first_indexes: Vec::new() };
        for (project, task, first_index) in keys {
            columns.projects.push(project);
            columns.tasks.push(task);
            columns.first_indexes.push(first_index);
        }
        columns
    }

    async fn due_again(
        &self,
        client: &impl GenericClient,
        surely_unsent: bool,
    ) -> Result<(), pg::Error> {
        if self.projects.is_empty() {
            return Ok(());
        }
        // What may have arrived stays counted, so that its next delivery is looked at twice.
        let uncounted = i32::from(surely_unsent);
        let statement = client.prepare_cached(include_str!("unsent.sql")).await?;
        let columns: [&(dyn tokio_postgres::types::ToSql + Sync); 5] =
            [&self.projects, &self.tasks, &self.first_indexes, &REST_SECONDS, &uncounted];
        client.execute(&statement, &columns).await?;
        Ok(())
    }
}
