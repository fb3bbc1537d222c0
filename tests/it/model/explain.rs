//! Is there an order of a task's records that explains what the service said and did?
//!
//! Records that share a login id act in index order; between others nothing is promised, and a
//! login id that one gives up may or may not be free yet for another. Whatever came out has to
//! be what some such order gives.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::rules::Rules;
use super::serial::{Directory, Options, Said, given_ids};

/// One task as it was asked for and what was said of it.
pub struct Task<'a> {
    pub rules: &'a Rules,
    pub options: &'a Options,
    pub records: &'a [Map<String, Value>],
    pub chunk_records: usize,
    pub said: Vec<Said>,
}

pub const UNSEEN: &str =
    "an earlier record of this import shares a login id; a dry run does not see its effect.";

impl Task<'_> {
    /// The directory after the task, if one satisfies `fits`; else the disagreement of the plain
    /// order.
    pub fn explain(
        &self,
        before: &Directory,
        fits: &dyn Fn(&Directory) -> Result<(), String>,
    ) -> Result<Directory, String> {
        if self.options.dry_run {
            self.dry_run(before)?;
            fits(before)?;
            return Ok(before.clone());
        }
        let plain = self.in_index_order(before).and_then(|after| fits(&after).map(|()| after));
        // One chunk is one transaction, resolved from its first record to its last.
        if plain.is_ok() || self.records.len() <= self.chunk_records {
            return plain;
        }
        let mut search = Search { task: self, seen: HashSet::new(), fits };
        search.any(before, 0).ok_or_else(|| format!("{}, and no other order", plain.unwrap_err()))
    }

    fn in_index_order(&self, before: &Directory) -> Result<Directory, String> {
        let mut directory = before.clone();
        for index in 0..self.records.len() {
            self.agrees(&mut directory, index)?;
        }
        Ok(directory)
    }

    fn agrees(&self, directory: &mut Directory, index: usize) -> Result<(), String> {
        let said = &self.said[index];
        let new_id = said.user_id.as_deref().unwrap_or_default();
        let expected = directory.apply(self.rules, self.options, &self.records[index], new_id);
        let is_new = expected.outcome != "inserted"
            || directory.users.iter().filter(|user| user.id == new_id).count() == 1;
        if expected == *said && is_new {
            return Ok(());
        }
        Err(format!("record {index}: expected {expected:?}, was told {said:?}"))
    }

    /// Each chunk sees the directory and its own records, and warns of what it cannot see.
    fn dry_run(&self, before: &Directory) -> Result<(), String> {
        let mut directory = before.clone();
        for (index, said) in self.said.iter().enumerate() {
            if index % self.chunk_records == 0 {
                directory = before.clone();
            }
            let mut expected = directory.apply(self.rules, self.options, &self.records[index], "");
            let chunk = index - index % self.chunk_records;
            let is_blind = (0..chunk).any(|earlier| self.share(earlier, index));
            if is_blind && expected.outcome != "failed" {
                expected.warnings.insert(UNSEEN.to_owned());
            }
            if expected != *said {
                return Err(format!("record {index}: expected {expected:?}, was told {said:?}"));
            }
        }
        Ok(())
    }

    /// Do two records share a login id, after normalising?
    fn share(&self, one: usize, other: usize) -> bool {
        let ids = |index: usize| given_ids(self.rules.settings, &self.records[index]);
        let (one, other) = (ids(one), ids(other));
        one.iter().any(|(which, id)| {
            id.is_some()
                && other.get(which).is_some_and(|other| {
                    other.as_ref().map(|id| &id.key) == id.as_ref().map(|id| &id.key)
                })
        })
    }
}

struct Search<'a> {
    task: &'a Task<'a>,
    /// What was tried: which records were done, and what the directory was then.
    seen: HashSet<(u32, String)>,
    fits: &'a dyn Fn(&Directory) -> Result<(), String>,
}

impl Search<'_> {
    fn any(&mut self, directory: &Directory, done: u32) -> Option<Directory> {
        let count = self.task.records.len();
        if done.count_ones() as usize == count {
            return (self.fits)(directory).is_ok().then(|| directory.clone());
        }
        let state: Vec<_> = directory.users.iter().map(super::user::User::shown).collect();
        if !self.seen.insert((done, json!(state).to_string())) {
            return None;
        }
        let is_done = |index: usize| done & (1 << index) != 0;
        for index in (0..count).filter(|index| !is_done(*index)) {
            let waits =
                (0..index).any(|earlier| !is_done(earlier) && self.task.share(earlier, index));
            if waits {
                continue;
            }
            let mut next = directory.clone();
            if self.task.agrees(&mut next, index).is_ok()
                && let Some(after) = self.any(&next, done | 1 << index)
            {
                return Some(after);
            }
        }
        None
    }
}
