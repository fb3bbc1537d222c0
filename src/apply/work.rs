//! The pure middle of an attempt: bytes to records, records and users to what is written.
//!
//! Runs off the threads that serve the connections, for a chunk takes tens of milliseconds.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use uuid::Uuid;

use super::columns::{ReleaseColumns, UserColumns};
use super::copy::{Rows, RowsWriter};
use super::fence::Fenced;
use super::ids::Ids;
use super::probe::{Found, Wanted};
use super::tell::{Echo, Teller, Told, tell};
use super::way::Way;
use crate::chunk::{ChunkRef, Entry, Kind, Payload};
use crate::import::outcome::{Fault, Outcome, Verdict};
use crate::import::parse::{self, Parsed};
use crate::import::record::{LoginId, PerIdentifier, Record};
use crate::import::resolve::{Candidate, Decision, Inserting, Resolution, Rules, resolve};
use crate::import::settings::UnknownKeys;
use crate::import::task::Options;
use crate::import::user::{Secrets, User};
use crate::seal::MasterKeys;

/// A chunk's records on their way to their outcomes.
pub enum Records {
    /// Read one by one when they are resolved.
    Unread(Payload),
    Read(Opened),
}

/// A chunk's records, read.
pub struct Opened {
    payload: Payload,
    candidates: Vec<Candidate>,
    echoes: Vec<Echo>,
}

/// What an attempt writes.
#[derive(Default)]
pub struct Work {
    pub new_roles: BTreeSet<String>,
    pub new_groups: BTreeSet<String>,
    pub inserts: Rows,
    pub changes: Changes,
    pub told: Told,
    /// Every sound record is a row that is copied as the record made it, or was skipped for one:
    /// whatever the directory holds against it, a unique index says.
    pub is_judged_by_indexes: bool,
}

/// What becomes of users that exist.
#[derive(Default)]
pub struct Changes {
    /// Of the users that were found, where any of them changes; sorted: lock order. Also of those
    /// that only kept a record from its wish, for a failure is as true as an update has to be.
    pub locks: (Vec<Uuid>, Vec<i64>),
    pub releases: ReleaseColumns,
    pub updates: UserColumns,
}

impl Records {
    /// Reads a chunk as far as it takes to know what to ask the directory to go this way: for
    /// nothing or for identifiers, if no record changes a user or wants a role that must exist.
    pub fn read(way: Way, fenced: &Fenced, payload: Payload) -> (Self, Wanted) {
        let Options { upsert, dry_run, .. } = fenced.options;
        let only_inserts =
            !upsert && !dry_run && fenced.settings.unknown_roles_and_groups == UnknownKeys::Create;
        match way {
            Way::Blind if only_inserts => (Self::Unread(payload), Wanted::default()),
            Way::Near | Way::Quick if only_inserts => {
                let wanted = identifiers(fenced, &payload);
                (Self::Unread(payload), wanted)
            }
            Way::Blind | Way::Near | Way::Quick | Way::Sure => {
                let opened = read(fenced, payload);
                let records = opened.records();
                let wanted = Wanted::of(way, fenced.options, &fenced.settings, records);
                (Self::Read(opened), wanted)
            }
        }
    }

    /// Resolves the chunk against what was found.
    pub fn resolve(
        self,
        fenced: &Fenced,
        chunk: &ChunkRef,
        found: Found,
        keys: &MasterKeys,
    ) -> Work {
        match self {
            Self::Unread(payload) => stream(fenced, chunk, &payload, &found, keys),
            Self::Read(opened) => opened.resolve(fenced, chunk, found, keys),
        }
    }
}

/// Found by a glance at each record, without its other members.
fn identifiers(fenced: &Fenced, payload: &Payload) -> Wanted {
    let identifier = fenced.options.identifier;
    let mut keys = Vec::with_capacity(payload.record_count());
    keys.extend(payload.entries().filter_map(|entry| match entry.kind {
        Kind::Json(json) => parse::key_of(json, identifier, &fenced.settings),
        Kind::TooLarge { .. } | Kind::BadRow { .. } => None,
    }));
    Wanted::of_identifiers(identifier, keys)
}

/// Takes each record from its bytes to its row before the next is read, so that what it needs is
/// still in the processor's caches.
fn stream(
    fenced: &Fenced,
    chunk: &ChunkRef,
    payload: &Payload,
    found: &Found,
    keys: &MasterKeys,
) -> Work {
    let rules = rules(fenced, found);
    let mut run = Inserting::new(&rules, chunk.record_count as usize);
    let mut rows = RowsWriter::with_capacity(chunk.record_count as usize, payload.bytes());
    let mut teller = Teller::new(chunk, payload);
    let mut is_judged_by_indexes = true;
    let ids = Ids::new();
    for entry in payload.entries() {
        let (candidate, echo) = candidate(fenced, &entry, &ids);
        let is_sound = candidate.record.is_ok();
        let Decision { verdict, insert } = run.decide(candidate);
        is_judged_by_indexes &= is_judged(is_sound, &verdict);
        teller.tell(&entry, &echo, &verdict);
        if let Some((user, secrets)) = insert {
            rows.push(keys, chunk.project, *user, &secrets);
        }
    }
    let (new_roles, new_groups) = run.finish();
    Work {
        new_roles,
        new_groups,
        inserts: rows.finish(),
        changes: Changes::default(),
        told: teller.finish(),
        is_judged_by_indexes,
    }
}

/// Parses and validates every record.
pub fn read(fenced: &Fenced, payload: Payload) -> Opened {
    let ids = Ids::new();
    let candidates = payload.entries().map(|entry| candidate(fenced, &entry, &ids));
    let (candidates, echoes) = candidates.unzip();
    Opened { payload, candidates, echoes }
}

fn rules<'a>(fenced: &Fenced, found: &'a Found) -> Rules<'a> {
    Rules {
        options: fenced.options,
        unknown_roles_and_groups: fenced.settings.unknown_roles_and_groups,
        known_roles: &found.roles,
        known_groups: &found.groups,
        known_users: &found.known,
    }
}

/// See [`Work::is_judged_by_indexes`].
fn is_judged(is_sound: bool, verdict: &Verdict) -> bool {
    !is_sound || matches!(verdict.outcome, Outcome::Inserted | Outcome::Skipped)
}

fn candidate(fenced: &Fenced, entry: &Entry<'_>, ids: &Ids) -> (Candidate, Echo) {
    let (record, echo) = match entry.kind {
        Kind::Json(json) => read_record(fenced, json, entry.line),
        Kind::TooLarge { limit } => (Err(vec![Fault::record_too_large(limit)]), Echo::None),
        Kind::BadRow { cells, columns } => {
            (Err(vec![Fault::bad_row(entry.line, cells, columns)]), Echo::None)
        }
    };
    let shares_with_earlier_chunk = entry.shares_with_earlier_chunk;
    (Candidate { record, new_id: ids.next(), shares_with_earlier_chunk }, echo)
}

/// The record, or its faults with the line of the file they stand in, and its echo.
fn read_record(fenced: &Fenced, json: &[u8], line: u64) -> (Result<Box<Record>, Vec<Fault>>, Echo) {
    let Parsed { record, echo } = parse::parse(json, fenced.options.identifier, &fenced.settings);
    let located = |fault: Fault| if line > 0 { fault.at_line(line) } else { fault };
    let record = record.map_err(|faults| faults.into_iter().map(located).collect());
    let echo = match echo {
        None => Echo::None,
        Some(Cow::Borrowed(_)) => Echo::AsSent,
        Some(Cow::Owned(text)) => Echo::Rewritten(text),
    };
    (record, echo)
}

impl Opened {
    fn records(&self) -> impl Iterator<Item = &Record> {
        self.candidates.iter().filter_map(|candidate| candidate.record.as_deref().ok())
    }

    fn resolve(
        self,
        fenced: &Fenced,
        chunk: &ChunkRef,
        mut found: Found,
        keys: &MasterKeys,
    ) -> Work {
        let users = std::mem::take(&mut found.users);
        let rules = rules(fenced, &found);
        let before = users.iter().map(|user| (user.id, keys_of(&user.login_ids))).collect();
        let versions = users.iter().map(|user| (user.id, user.version));
        let versions: BTreeMap<Uuid, i64> = versions.collect();
        let is_sound: Vec<_> = self.candidates.iter().map(|c| c.record.is_ok()).collect();
        let Resolution { verdicts, inserts, updates, new_roles, new_groups } =
            resolve(&rules, self.candidates, users);
        let is_judged = |(is_sound, verdict): (bool, &Verdict)| is_judged(is_sound, verdict);
        Work {
            is_judged_by_indexes: is_sound.into_iter().zip(&verdicts).all(is_judged),
            told: tell(&self.payload, &self.echoes, chunk, &verdicts),
            inserts: rows(inserts, self.payload.bytes(), chunk.project, keys),
            changes: changes(updates, &before, versions),
            new_roles,
            new_groups,
        }
    }

    /// Gives up on every record of the chunk: tried alone, it was refused or ended the worker.
    pub fn condemn(self, chunk: &ChunkRef) -> Work {
        let condemned = Verdict {
            outcome: Outcome::Failed,
            user_id: None,
            warnings: Vec::new(),
            errors: vec![Fault::unprocessable()],
        };
        let verdicts = vec![condemned; self.candidates.len()];
        Work { told: tell(&self.payload, &self.echoes, chunk, &verdicts), ..Work::default() }
    }
}

fn keys_of(ids: &PerIdentifier<Option<LoginId>>) -> PerIdentifier<Option<String>> {
    let key = |id: &Option<LoginId>| id.as_ref().map(|id| id.key.clone());
    PerIdentifier {
        email: key(&ids.email),
        phone_number: key(&ids.phone_number),
        preferred_username: key(&ids.preferred_username),
        external_id: key(&ids.external_id),
    }
}

fn rows(inserts: Vec<(Box<User>, Secrets)>, bytes: usize, project: i32, keys: &MasterKeys) -> Rows {
    let mut rows = RowsWriter::with_capacity(inserts.len(), bytes);
    for (user, secrets) in inserts {
        rows.push(keys, project, *user, &secrets);
    }
    rows.finish()
}

fn changes(
    mut updates: Vec<User>,
    before: &HashMap<Uuid, PerIdentifier<Option<String>>>,
    versions: BTreeMap<Uuid, i64>,
) -> Changes {
    let mut changes = Changes::default();
    if !updates.is_empty() {
        changes.locks = versions.into_iter().unzip();
    }
    updates.sort_unstable_by_key(|user| user.id);
    for user in updates {
        let found = before.get(&user.id).expect("only users that were found are updated");
        changes.releases.push(found, &user);
        changes.updates.push(user);
    }
    changes
}
