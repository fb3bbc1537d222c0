//! The pure middle of an attempt: bytes to records, records and users to what is written.
//!
//! Runs off the threads that serve the connections, for a chunk takes tens of milliseconds.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use uuid::Uuid;

use super::Error;
use super::columns::{ReleaseColumns, UserColumns};
use super::copy::{Rows, RowsWriter};
use super::fence::Fenced;
use super::probe::Found;
use crate::chunk::{ChunkRef, Details, DetailsWriter, Entry, Kind, Payload, read_payload};
use crate::import::outcome::{Fault, Outcome, Verdict};
use crate::import::parse::{self, Parsed};
use crate::import::record::{LoginId, PerIdentifier, Record};
use crate::import::resolve::{Candidate, Resolution, Rules, resolve};
use crate::import::user::{Secrets, User};
use crate::seal::MasterKeys;

/// A chunk's records, read.
pub struct Opened {
    pub payload: Payload,
    candidates: Vec<Candidate>,
    echoes: Vec<Echo>,
}

/// What may be shown of a record.
enum Echo {
    None,
    AsSent,
    Rewritten(String),
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

/// What is said of a chunk's records.
#[derive(Default)]
pub struct Told {
    pub details: Details,
    pub counts: Counts,
    /// Where the failed records stand in the file; `None` where lines mean nothing or none failed.
    pub failed_lines: Option<Vec<i64>>,
}

/// A chunk's part of the summary.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub inserted: i64,
    pub updated: i64,
    pub skipped: i64,
    pub failed: i64,
}

/// Opens, decompresses, parses and validates every record.
pub fn open(fenced: &Fenced, chunk: &ChunkRef, sealed: &[u8]) -> Result<Opened, Error> {
    let payload = read_payload(&fenced.key, chunk, sealed)?;
    let (candidates, echoes) = payload.entries().map(|entry| candidate(fenced, &entry)).unzip();
    Ok(Opened { payload, candidates, echoes })
}

fn candidate(fenced: &Fenced, entry: &Entry<'_>) -> (Candidate, Echo) {
    let (record, echo) = match entry.kind {
        Kind::Json(json) => read_record(fenced, json, entry.line),
        Kind::TooLarge { limit } => (Err(vec![Fault::record_too_large(limit)]), Echo::None),
        Kind::BadRow { cells, columns } => {
            (Err(vec![Fault::bad_row(entry.line, cells, columns)]), Echo::None)
        }
    };
    let shares_with_earlier_chunk = entry.shares_with_earlier_chunk;
    (Candidate { record, new_id: Uuid::now_v7(), shares_with_earlier_chunk }, echo)
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
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.candidates.iter().filter_map(|candidate| candidate.record.as_deref().ok())
    }

    /// Resolves the chunk against what was found.
    pub fn resolve(
        self,
        fenced: &Fenced,
        chunk: &ChunkRef,
        found: Found,
        keys: &MasterKeys,
    ) -> Work {
        let rules = Rules {
            options: fenced.options,
            unknown_roles_and_groups: fenced.settings.unknown_roles_and_groups,
            known_roles: &found.roles,
            known_groups: &found.groups,
            known_users: &found.known,
        };
        let before = found.users.iter().map(|user| (user.id, keys_of(&user.login_ids))).collect();
        let versions = found.users.iter().map(|user| (user.id, user.version));
        let versions: BTreeMap<Uuid, i64> = versions.collect();
        let is_sound: Vec<_> = self.candidates.iter().map(|c| c.record.is_ok()).collect();
        let Resolution { verdicts, inserts, updates, new_roles, new_groups } =
            resolve(&rules, self.candidates, found.users);
        let is_judged = |(sound, verdict): (bool, &Verdict)| {
            !sound || matches!(verdict.outcome, Outcome::Inserted | Outcome::Skipped)
        };
        Work {
            is_judged_by_indexes: is_sound.into_iter().zip(&verdicts).all(is_judged),
            told: tell(&self.payload, &self.echoes, chunk, &verdicts),
            inserts: rows(&inserts, self.payload.bytes(), chunk.project, keys),
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

fn tell(payload: &Payload, echoes: &[Echo], chunk: &ChunkRef, verdicts: &[Verdict]) -> Told {
    let mut details = DetailsWriter::with_capacity(echoes.len(), payload.bytes());
    let mut counts = Counts::default();
    let mut failed_lines = Vec::new();
    for (at, ((entry, echo), verdict)) in payload.entries().zip(echoes).zip(verdicts).enumerate() {
        let echo = match (echo, entry.kind) {
            (Echo::AsSent, Kind::Json(json)) => Some(json),
            (Echo::Rewritten(text), _) => Some(text.as_bytes()),
            _ => None,
        };
        details.push(chunk.first_index + at as i64, echo, verdict);
        if verdict.outcome == Outcome::Failed && entry.line > 0 {
            failed_lines.push(entry.line as i64);
        }
        *match verdict.outcome {
            Outcome::Inserted => &mut counts.inserted,
            Outcome::Updated => &mut counts.updated,
            Outcome::Skipped => &mut counts.skipped,
            Outcome::Failed => &mut counts.failed,
        } += 1;
    }
    let failed_lines = Some(failed_lines).filter(|lines| !lines.is_empty());
    Told { details: details.finish(), counts, failed_lines }
}

fn rows(inserts: &[(User, Secrets)], bytes: usize, project: i32, keys: &MasterKeys) -> Rows {
    // By key, whatever the identifier, so that two tasks that insert the same users lock alike.
    // What is sorted is small: a user is half a kilobyte.
    let mut sorted: Vec<_> = inserts.iter().collect();
    sorted.sort_unstable_by(|(a, _), (b, _)| sort_key(a).cmp(&sort_key(b)));
    let mut rows = RowsWriter::with_capacity(sorted.len(), bytes);
    for (user, secrets) in sorted {
        rows.push(keys, project, user, secrets);
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

fn sort_key(user: &User) -> [Option<&str>; 4] {
    let ids = &user.login_ids;
    [&ids.email, &ids.phone_number, &ids.preferred_username, &ids.external_id]
        .map(|id| id.as_ref().map(|id| id.key.as_str()))
}
