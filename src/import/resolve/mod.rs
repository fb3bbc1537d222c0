//! What a run of records does to the users it touches: outcomes and final states, in index order.
//!
//! Pure, and the only place that decides an outcome: the stages hand in what the directory holds
//! and write what comes out.

mod checks;
mod directory;
mod insert;
mod update;

use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;

use super::outcome::{Fault, Outcome, Verdict};
use super::record::{Given, Record};
use super::settings::UnknownKeys;
use super::task::Options;
use super::user::{Secrets, User};
use super::warnings;
use directory::{Directory, Entry, Origin};

/// One record on its way to an outcome.
#[derive(Debug)]
pub struct Candidate {
    /// The record, or the faults that keep it from being one.
    pub record: Result<Box<Record>, Vec<Fault>>,
    /// The id that a user made from it gets.
    pub new_id: Uuid,
    /// Shares a login id with an earlier record of the file that stands in another chunk.
    pub shares_with_earlier_chunk: bool,
}

/// What decides beside the records.
#[derive(Debug)]
pub struct Rules<'a> {
    pub options: Options,
    pub unknown_roles_and_groups: UnknownKeys,
    /// The roles and groups that the project has, of those the records name.
    pub known_roles: &'a BTreeSet<String>,
    pub known_groups: &'a BTreeSet<String>,
    /// By their identifier's key, users of whom nothing else was asked: records that are not to
    /// update them are skipped for them.
    pub known_users: &'a KnownUsers,
}

/// Ids of users by the key of a login id. Keyed anew for each chunk.
pub type KnownUsers = HashMap<String, Uuid, foldhash::fast::RandomState>;

/// What is to be written, and what is to be said of each candidate.
#[derive(Debug, Default)]
pub struct Resolution {
    /// One a candidate, in their order.
    pub verdicts: Vec<Verdict>,
    /// Users that do not exist yet, in their final state.
    pub inserts: Vec<(Box<User>, Secrets)>,
    /// Users that exist and change, in their final state, with the version they were found with.
    pub updates: Vec<User>,
    /// Roles and groups to be made before the users.
    pub new_roles: BTreeSet<String>,
    pub new_groups: BTreeSet<String>,
}

/// Applies the candidates in order to the users found by any of their login ids.
///
/// A user that one candidate makes exists for the next. A failed candidate leaves no trace. A dry
/// run takes the same way and has nothing to write at the end of it.
pub fn resolve(rules: &Rules<'_>, candidates: Vec<Candidate>, found: Vec<User>) -> Resolution {
    let mut run = Run::new(rules, found, candidates.len());
    let verdicts = candidates.into_iter().map(|candidate| run.decide(candidate)).collect();
    if rules.options.dry_run {
        return Resolution { verdicts, ..Resolution::default() };
    }
    let (mut inserts, mut updates) = (Vec::with_capacity(run.directory.entries.len()), Vec::new());
    for (user, origin) in run.directory.into_users() {
        match origin {
            Origin::New(secrets) => inserts.push((user, secrets)),
            Origin::Found { is_changed: true } => updates.push(*user),
            Origin::Found { is_changed: false } => {}
        }
    }
    Resolution { verdicts, inserts, updates, new_roles: run.new_roles, new_groups: run.new_groups }
}

/// The same, record by record, of a run that changes no user and finds no more than ids: each user
/// can be written as soon as it is made, while it is at hand, and no more than its login ids is
/// kept.
pub struct Inserting<'a>(Run<'a>);

/// What becomes of one record.
pub struct Decision {
    pub verdict: Verdict,
    pub insert: Option<(Box<User>, Secrets)>,
}

impl<'a> Inserting<'a> {
    /// With room for so many users. Without `upsert`: a later record could change what an earlier
    /// one made.
    pub fn new(rules: &'a Rules<'a>, records: usize) -> Self {
        assert!(!rules.options.upsert && !rules.options.dry_run, "this only inserts");
        Self(Run::new(rules, Vec::new(), records))
    }

    pub fn decide(&mut self, candidate: Candidate) -> Decision {
        let verdict = self.0.decide(candidate);
        Decision { verdict, insert: self.0.directory.take_last() }
    }

    /// Roles and groups to be made before the users.
    pub fn finish(self) -> (BTreeSet<String>, BTreeSet<String>) {
        (self.0.new_roles, self.0.new_groups)
    }
}

struct Run<'a> {
    rules: &'a Rules<'a>,
    directory: Directory,
    new_roles: BTreeSet<String>,
    new_groups: BTreeSet<String>,
}

impl<'a> Run<'a> {
    fn new(rules: &'a Rules<'a>, found: Vec<User>, records: usize) -> Self {
        Self {
            rules,
            directory: Directory::new(found, records),
            new_roles: BTreeSet::new(),
            new_groups: BTreeSet::new(),
        }
    }

    fn decide(&mut self, candidate: Candidate) -> Verdict {
        let Options { identifier, upsert, dry_run } = self.rules.options;
        let mut record = match candidate.record {
            Ok(record) => record,
            Err(errors) => return failed(None, errors),
        };
        let Given::Value(login_id) = record.login_ids.get(identifier) else {
            unreachable!("a record without its identifier breaks its schema");
        };
        let existing = self.directory.find(identifier, &login_id.key);
        if existing.is_none()
            && let Some(id) = self.rules.known_users.get(&login_id.key)
        {
            return skipped(Some(*id), record.faults);
        }
        let user_id = existing.and_then(|index| self.visible_id(index));

        let errors = self.errors(&mut record, existing);
        if !errors.is_empty() {
            return failed(user_id, errors);
        }
        let mut verdict = match existing {
            Some(_) if !upsert => skipped(user_id, errors),
            Some(index) => {
                let warnings = warnings::of_update(&record);
                self.note_new_keys(&record);
                update::apply(&mut self.directory, index, *record);
                Verdict { outcome: Outcome::Updated, user_id, warnings, errors }
            }
            None => {
                let warnings = warnings::of_insert(&record);
                self.note_new_keys(&record);
                let (user, secrets) = insert::user_of(candidate.new_id, *record);
                self.directory.add(Entry::new(user, Origin::New(secrets)));
                let user_id = (!dry_run).then_some(candidate.new_id);
                Verdict { outcome: Outcome::Inserted, user_id, warnings, errors }
            }
        };
        if dry_run && candidate.shares_with_earlier_chunk {
            verdict.warnings.push(warnings::unseen_in_dry_run());
        }
        verdict
    }

    /// Everything that keeps the record from its outcome, in the order that the contract gives.
    fn errors(&self, record: &mut Record, existing: Option<usize>) -> Vec<Fault> {
        let mut errors = std::mem::take(&mut record.faults);
        let is_skipped = existing.is_some() && !self.rules.options.upsert;
        if is_skipped {
            return errors;
        }
        let has_fault = errors.iter().any(|fault| fault.reason == "InvalidAccountValidPeriod");
        if let Some(index) = existing
            && !has_fault
            && checks::ends_before_it_begins(record, self.directory.user(index))
        {
            errors.push(Fault::invalid_account_valid_period());
        }
        errors.extend(checks::unknown_keys(self.rules, record));
        errors.extend(checks::duplicated_identity(&self.directory, record, existing));
        errors
    }

    /// Remembers the roles and groups of a record that will be written, where the project lacks
    /// them. Where it may not lack any, [`checks::unknown_keys`] has refused the record.
    fn note_new_keys(&mut self, record: &Record) {
        let roles = checks::lacking(record.roles.as_ref(), self.rules.known_roles);
        self.new_roles.extend(roles.map(str::to_owned));
        let groups = checks::lacking(record.groups.as_ref(), self.rules.known_groups);
        self.new_groups.extend(groups.map(str::to_owned));
    }

    /// The id of a user that a caller can look up: a dry run makes none.
    fn visible_id(&self, index: usize) -> Option<Uuid> {
        let origin = &self.directory.entries[index].origin;
        let is_imagined = self.rules.options.dry_run && matches!(origin, Origin::New(_));
        (!is_imagined).then_some(self.directory.id(index))
    }
}

fn skipped(user_id: Option<Uuid>, errors: Vec<Fault>) -> Verdict {
    if !errors.is_empty() {
        return failed(user_id, errors);
    }
    Verdict { outcome: Outcome::Skipped, user_id, warnings: vec![warnings::skipped()], errors }
}

fn failed(user_id: Option<Uuid>, errors: Vec<Fault>) -> Verdict {
    Verdict { outcome: Outcome::Failed, user_id, warnings: Vec::new(), errors }
}

#[cfg(test)]
mod tests;
