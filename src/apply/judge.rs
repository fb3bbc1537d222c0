//! What a chunk's records do, behind the fence: open, probe, resolve.

use std::sync::Arc;

use tracing::{Instrument, Span, info_span};

use super::fence::Fenced;
use super::probe::{Found, Wanted};
use super::way::Way;
use super::work::{self, Records, Work};
use super::{Apply, Error};
use crate::amqp::ChunkMessage;
use crate::chunk::{ChunkRef, Payload, read_payload};
use crate::failpoint;
use crate::import::task::{Identifier, Options};
use crate::pg::Transaction;
use crate::seal::MasterKeys;

/// A chunk that is to be judged in a transaction which holds its fence.
pub struct Judge<'a> {
    pub apply: &'a Apply,
    pub client: &'a Transaction<'a>,
    pub message: &'a ChunkMessage,
    pub chunk: ChunkRef,
}

/// How far a chunk came on the thread that opened it.
enum Read {
    Resolved(Box<Work>),
    /// The directory has to be asked first.
    Asks(Box<(Records, Wanted)>),
}

impl Judge<'_> {
    /// Probes and resolves, in the given way or in one that is surer.
    pub async fn resolve(&self, fenced: Fenced, way: Way) -> Result<(Work, Way), Error> {
        let indexes =
            self.chunk.first_index..self.chunk.first_index + i64::from(self.chunk.record_count);
        failpoint::pass_with("apply.records", indexes).await?;
        let Options { upsert, dry_run, .. } = fenced.options;
        // A dry run writes nothing that could meet a taken login id, so all of them are asked for;
        // and who knows of users that are there, and updates them, needs them whole.
        let is_short = dry_run || upsert && matches!(way, Way::Near | Way::Quick);
        let way = if is_short { Way::Sure } else { way };
        let (work, fenced) = self.resolve_by(way, fenced).await?;
        if way == Way::Sure || work.is_judged_by_indexes {
            return Ok((work, way));
        }
        // A record that failed is not copied, and what an update of a new user took back is not
        // either: whether they met somebody has to be asked.
        let (work, _) = self.resolve_by(Way::Sure, fenced).await?;
        Ok((work, Way::Sure))
    }

    /// Gives up on every record of the chunk.
    pub async fn condemn(&self, fenced: Fenced) -> Result<Work, Error> {
        let (chunk, sealed) = (self.chunk, self.message.sealed.clone());
        blocking(move || Ok(work::read(&fenced, open(&fenced, &chunk, &sealed)?).condemn(&chunk)))
            .await
    }

    async fn resolve_by(&self, way: Way, fenced: Fenced) -> Result<(Work, Fenced), Error> {
        let identifier = fenced.options.identifier;
        let (records, wanted, fenced) = match self.read(way, fenced).await? {
            (Read::Resolved(work), fenced) => return Ok((*work, fenced)),
            (Read::Asks(asks), fenced) => (asks.0, asks.1, fenced),
        };
        let span = info_span!("chunk.probe", otel.kind = "client", db.system.name = "postgresql");
        let asked = async {
            match way {
                Way::Sure => wanted.probe(self.client, self.chunk.project).await,
                Way::Near => self.probe_neighbours(wanted, identifier).await,
                Way::Blind | Way::Quick => {
                    wanted.probe_identifiers(self.client, self.chunk.project, identifier).await
                }
            }
        };
        let found = asked.instrument(span).await?;
        let (chunk, keys) = (self.chunk, self.apply.master_keys.clone());
        blocking(move || Ok((resolve(records, &fenced, &chunk, found, &keys), fenced))).await
    }

    /// Where the users of this chunk are none, those of the task's next chunks are not asked for as
    /// if they were.
    async fn probe_neighbours(
        &self,
        wanted: Wanted,
        identifier: Identifier,
    ) -> Result<Found, Error> {
        let project = self.chunk.project;
        let (found, are_neighbours) =
            wanted.probe_neighbours(self.client, project, identifier).await?;
        if !are_neighbours {
            self.apply.ways.keep(&self.chunk, Way::Quick);
        }
        Ok(found)
    }

    /// Opens the chunk, and resolves it at once where nothing has to be asked: on the same
    /// thread, whose caches hold it.
    async fn read(&self, way: Way, fenced: Fenced) -> Result<(Read, Fenced), Error> {
        let (chunk, sealed) = (self.chunk, self.message.sealed.clone());
        let keys = self.apply.master_keys.clone();
        blocking(move || {
            let payload = open(&fenced, &chunk, &sealed)?;
            let (records, wanted) = read(way, &fenced, payload);
            let read = if wanted.is_nothing() {
                Read::Resolved(Box::new(resolve(records, &fenced, &chunk, Found::default(), &keys)))
            } else {
                Read::Asks(Box::new((records, wanted)))
            };
            Ok((read, fenced))
        })
        .await
    }
}

fn open(fenced: &Fenced, chunk: &ChunkRef, sealed: &[u8]) -> Result<Payload, Error> {
    info_span!("chunk.open").in_scope(|| Ok(read_payload(&fenced.key, chunk, sealed)?))
}

fn read(way: Way, fenced: &Fenced, payload: Payload) -> (Records, Wanted) {
    info_span!("chunk.read").in_scope(|| Records::read(way, fenced, payload))
}

fn resolve(
    records: Records,
    fenced: &Fenced,
    chunk: &ChunkRef,
    found: Found,
    keys: &Arc<MasterKeys>,
) -> Work {
    info_span!("chunk.resolve").in_scope(|| records.resolve(fenced, chunk, found, keys))
}

/// Runs the computing off the threads that serve connections. A panic there is the chunk's.
async fn blocking<T: Send + 'static>(
    compute: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let span = Span::current();
    tokio::task::spawn_blocking(move || span.in_scope(compute))
        .await
        .unwrap_or(Err(Error::Panicked))
}
