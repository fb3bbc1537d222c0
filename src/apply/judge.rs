//! What a chunk's records do, behind the fence: open, probe, resolve.

use tracing::{Instrument, Span, info_span};

use super::fence::Fenced;
use super::probe::{Found, Wanted};
use super::way::Way;
use super::work::{self, Opened, Work};
use super::{Apply, Error};
use crate::amqp::ChunkMessage;
use crate::chunk::ChunkRef;
use crate::failpoint;
use crate::import::settings::UnknownKeys;
use crate::import::task::Options;
use crate::pg::Transaction;

/// A chunk that is to be judged in a transaction which holds its fence.
pub struct Judge<'a> {
    pub apply: &'a Apply,
    pub client: &'a Transaction<'a>,
    pub message: &'a ChunkMessage,
    pub chunk: ChunkRef,
}

/// How far a chunk came on the thread that opened it.
enum Read {
    Opened(Opened),
    Resolved(Box<Work>),
}

impl Judge<'_> {
    /// Probes and resolves, in the given way or in one that is surer.
    pub async fn resolve(&self, fenced: Fenced, way: Way) -> Result<(Work, Way), Error> {
        let indexes =
            self.chunk.first_index..self.chunk.first_index + i64::from(self.chunk.record_count);
        failpoint::pass_with("apply.records", indexes).await?;
        // Nothing is written that could meet a taken login id, so all of them are asked for.
        let way = if fenced.options.dry_run { Way::Sure } else { way };
        let (read, fenced) = self.read(fenced, way).await?;
        let (work, fenced, way) = match read {
            Read::Resolved(work) => (*work, fenced, way),
            Read::Opened(opened) => {
                let (found, way) = self.probe(&opened, &fenced, way).await?;
                let (work, fenced) = self.decide(opened, fenced, found).await?;
                (work, fenced, way)
            }
        };
        if way == Way::Sure || work.is_judged_by_indexes {
            return Ok((work, way));
        }
        // A record that failed is not copied, and what an update of a new user took back is not
        // either: whether they met somebody has to be asked.
        let (opened, fenced) = self.open(fenced).await?;
        let (found, way) = self.probe(&opened, &fenced, Way::Sure).await?;
        let (work, _) = self.decide(opened, fenced, found).await?;
        Ok((work, way))
    }

    /// Gives up on every record of the chunk.
    pub async fn condemn(&self, fenced: Fenced) -> Result<Work, Error> {
        let (opened, _) = self.open(fenced).await?;
        Ok(opened.condemn(&self.chunk))
    }

    /// Opens the chunk, and resolves it at once where nothing has to be asked: on the same
    /// thread, whose caches hold it.
    async fn read(&self, fenced: Fenced, way: Way) -> Result<(Read, Fenced), Error> {
        let (chunk, sealed) = (self.chunk, self.message.sealed.clone());
        let keys = self.apply.master_keys.clone();
        blocking(move || {
            let opened = info_span!("chunk.open").in_scope(|| work::open(&fenced, &chunk, &sealed));
            let opened = opened?;
            let must_exist = fenced.settings.unknown_roles_and_groups == UnknownKeys::Existing;
            if way != Way::Blind || (must_exist && opened.names_roles_or_groups()) {
                return Ok((Read::Opened(opened), fenced));
            }
            let work = info_span!("chunk.resolve")
                .in_scope(|| opened.resolve(&fenced, &chunk, Found::default(), &keys));
            Ok((Read::Resolved(Box::new(work)), fenced))
        })
        .await
    }

    async fn open(&self, fenced: Fenced) -> Result<(Opened, Fenced), Error> {
        let (chunk, sealed) = (self.chunk, self.message.sealed.clone());
        blocking(move || {
            let opened = info_span!("chunk.open").in_scope(|| work::open(&fenced, &chunk, &sealed));
            Ok((opened?, fenced))
        })
        .await
    }

    async fn decide(
        &self,
        opened: Opened,
        fenced: Fenced,
        found: Found,
    ) -> Result<(Work, Fenced), Error> {
        let (chunk, keys) = (self.chunk, self.apply.master_keys.clone());
        blocking(move || {
            let work = info_span!("chunk.resolve")
                .in_scope(|| opened.resolve(&fenced, &chunk, found, &keys));
            Ok((work, fenced))
        })
        .await
    }

    async fn probe(
        &self,
        opened: &Opened,
        fenced: &Fenced,
        way: Way,
    ) -> Result<(Found, Way), Error> {
        let span = info_span!("chunk.probe", otel.kind = "client", db.system.name = "postgresql");
        let Options { identifier, upsert, .. } = fenced.options;
        let unknown = fenced.settings.unknown_roles_and_groups;
        if way != Way::Sure {
            let wanted = Wanted::of(way, identifier, unknown, opened.records());
            let found = wanted.probe_identifiers(self.client, self.chunk.project, identifier);
            let found = found.instrument(span.clone()).await?;
            if found.users.is_empty() || !upsert {
                return Ok((found, way));
            }
            self.apply.ways.keep(&self.chunk, Way::Sure);
        }
        let wanted = Wanted::of(Way::Sure, identifier, unknown, opened.records());
        let found = wanted.probe(self.client, self.chunk.project).instrument(span).await?;
        Ok((found, Way::Sure))
    }
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
