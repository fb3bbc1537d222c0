//! The public keys of the projects that call, each loaded from Postgres at most a second ago.
//!
//! A key that was added works at once: nobody is refused but by a load that began after the
//! request came. A key that was removed stops within a second, and settings are no older. That
//! costs a project that calls one small statement a second.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::try_join_all;
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use super::flight::{Failed, Flight};
use super::token::Token;
use crate::import::settings::Settings;
use crate::metrics;
use crate::pg::Pool;
use crate::project::{self, PublicKeys};
use crate::web::Error;

/// A removed key must stop within 60 s, and settings are to be prompt.
const AGE_MAX: Duration = Duration::from_secs(1);

/// What a load may take; the pool itself gives up after ten seconds.
const LOAD_TIMEOUT: Duration = Duration::from_secs(12);

pub(super) struct Keyring {
    pool: Pool,
    /// Projects that exist; so callers cannot make it grow.
    known: Mutex<HashMap<String, Known>>,
    /// All projects that are not known share one flight.
    unknown: Arc<Flight>,
}

#[derive(Clone)]
struct Known {
    signer: Arc<Signer>,
    flight: Arc<Flight>,
}

/// A project as one load saw it.
pub(super) struct Signer {
    pub id: String,
    pub number: i32,
    /// None if what is stored cannot be read: with other settings, login ids would get wrong keys.
    pub settings: Option<Arc<Settings>>,
    stored_settings: Value,
    keys: Vec<(String, DecodingKey)>,
    loaded_at: Instant,
}

/// What a project's keys say to a token.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Signed,
    /// The key that the token names did not sign it.
    NotSigned,
    /// A later load may know more.
    Unknown,
}

impl Keyring {
    pub fn new(pool: Pool) -> Self {
        Self { pool, known: Mutex::default(), unknown: Arc::default() }
    }

    /// The project of the token's audience whose key signed it; none if there is none. Errors
    /// while Postgres is away.
    pub async fn signer(&self, token: &Token<'_>) -> Result<Option<Arc<Signer>>, Error> {
        let mut undecided = Vec::new();
        for id in &token.audiences {
            let fresh = self.known(id).filter(|known| known.signer.loaded_at.elapsed() < AGE_MAX);
            match fresh.map(|known| (known.signer.verdict(token), known.signer)) {
                Some((Verdict::Signed, signer)) => return Ok(Some(signer)),
                Some((Verdict::NotSigned, _)) => {}
                Some((Verdict::Unknown, _)) | None => undecided.push(id.clone()),
            }
        }
        if undecided.is_empty() {
            return Ok(None);
        }
        self.reload(&undecided).await.map_err(|Failed| {
            Error::unavailable(
                "the database cannot be reached to check the token; nothing was changed, and a retry is safe",
                5,
            )
        })?;
        let loaded = undecided.iter().filter_map(|id| self.known(id)).map(|known| known.signer);
        Ok(loaded.into_iter().find(|signer| signer.verdict(token) == Verdict::Signed))
    }

    fn known(&self, id: &str) -> Option<Known> {
        self.known.lock().expect("nothing panics while it holds this").get(id).cloned()
    }

    async fn reload(&self, ids: &[String]) -> Result<(), Failed> {
        let mut unknown = Vec::new();
        let mut loads = Vec::new();
        for id in ids {
            match self.known(id) {
                Some(known) => loads.push((known.flight, vec![id.clone()])),
                None => unknown.push(id.clone()),
            }
        }
        if !unknown.is_empty() {
            loads.push((self.unknown.clone(), unknown));
        }
        let joined = loads.iter().map(|(flight, ids)| flight.join(ids, |all| self.load(all)));
        try_join_all(joined).await.map(|_| ())
    }

    async fn load(&self, ids: Vec<String>) -> bool {
        let loaded_at = Instant::now();
        metrics::key_loads(1);
        let load = project::load_keys(&self.pool, &ids);
        let loaded = match tokio::time::timeout(LOAD_TIMEOUT, load).await {
            Ok(Ok(loaded)) => loaded,
            Ok(Err(error)) => {
                tracing::warn!(%error, "keys could not be loaded");
                return false;
            }
            Err(_) => {
                tracing::warn!("keys could not be loaded in time");
                return false;
            }
        };
        self.keep(&ids, loaded, loaded_at);
        true
    }

    /// A load that began earlier and landed later changes nothing.
    fn keep(&self, ids: &[String], loaded: Vec<PublicKeys>, loaded_at: Instant) {
        let mut known = self.known.lock().expect("nothing panics while it holds this");
        let mut found: HashMap<String, PublicKeys> =
            loaded.into_iter().map(|project| (project.project.clone(), project)).collect();
        for id in ids {
            let before = known.get(id);
            if before.is_some_and(|before| before.signer.loaded_at > loaded_at) {
                continue;
            }
            let flight = before.map(|before| before.flight.clone()).unwrap_or_default();
            match found.remove(id) {
                Some(project) => {
                    let before = before.map(|before| &*before.signer);
                    let signer = Arc::new(Signer::new(project, before, loaded_at));
                    known.insert(id.clone(), Known { signer, flight });
                }
                None => drop(known.remove(id)),
            }
        }
    }
}

impl Signer {
    fn new(loaded: PublicKeys, before: Option<&Self>, loaded_at: Instant) -> Self {
        let key = |key: project::PublicKey| {
            let part = |name: &str| key.jwk.get(name)?.as_str();
            let decoded = part("n")
                .zip(part("e"))
                .and_then(|(n, e)| DecodingKey::from_rsa_components(n, e).ok());
            if decoded.is_none() {
                tracing::error!(
                    kid = key.kid,
                    "a stored public key is no RSA key; it verifies nothing"
                );
            }
            decoded.map(|decoded| (key.kid, decoded))
        };
        Self {
            keys: loaded.keys.into_iter().filter_map(key).collect(),
            id: loaded.project,
            number: loaded.number,
            settings: match before {
                // Parsing compiles the schemas of custom attributes.
                Some(before) if before.stored_settings == loaded.settings => {
                    before.settings.clone()
                }
                _ => read_settings(&loaded.settings).map(Arc::new),
            },
            stored_settings: loaded.settings,
            loaded_at,
        }
    }

    fn verdict(&self, token: &Token<'_>) -> Verdict {
        let named = match &token.kid {
            Some(kid) => self.keys.iter().find(|(known, _)| known == kid),
            None if self.keys.len() == 1 => self.keys.first(),
            None => None,
        };
        match named {
            Some((_, key)) if token.is_signed_by(key) => Verdict::Signed,
            Some(_) if token.kid.is_some() => Verdict::NotSigned,
            // Without a kid, the only key may have been another one a moment ago.
            _ => Verdict::Unknown,
        }
    }
}

fn read_settings(stored: &Value) -> Option<Settings> {
    let read = Settings::deserialize(stored);
    if read.is_err() {
        tracing::error!("a project's settings cannot be read; its requests fail until they can");
    }
    read.ok()
}
