//! What a run of records does to the users it touches: outcomes and final states, in index order.
//!
//! Pure, and the only place that decides an outcome: the stages hand in what the directory holds
//! and write what comes out.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::outcome::{Fault, Verdict};
use super::record::Record;
use super::settings::UnknownKeys;
use super::task::Options;
use super::user::{Secrets, User};

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
}

/// What is to be written, and what is to be said of each candidate.
#[derive(Debug, Default)]
pub struct Resolution {
    /// One a candidate, in their order.
    pub verdicts: Vec<Verdict>,
    /// Users that do not exist yet, in their final state.
    pub inserts: Vec<(User, Secrets)>,
    /// Users that exist and change, in their final state, with the version they were found with.
    pub updates: Vec<User>,
    /// Roles and groups to be made before the users.
    pub new_roles: BTreeSet<String>,
    pub new_groups: BTreeSet<String>,
}

/// Applies the candidates in order to the users found by any of their login ids.
pub fn resolve(rules: &Rules<'_>, candidates: Vec<Candidate>, found: Vec<User>) -> Resolution {
    let _ = (rules, candidates, found);
    unimplemented!()
}
