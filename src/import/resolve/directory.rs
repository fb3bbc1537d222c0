//! The users that a run of records can see: those that were found, and those it makes.

use std::collections::HashMap;

// Keyed anew for each chunk, and twice as fast as the standard one.
use foldhash::fast::RandomState;
use uuid::Uuid;

use crate::import::record::{LoginId, PerIdentifier};
use crate::import::task::Identifier;
use crate::import::user::{Secrets, User};

/// Users are handed over by a run that only inserts, which asks no more of one than its id.
const NOT_HANDED_OVER: &str = "no record changes a user that was handed over";

pub(super) struct Directory {
    pub(super) entries: Vec<Entry>,
    by_key: PerIdentifier<HashMap<String, usize, RandomState>>,
}

pub(super) struct Entry {
    id: Uuid,
    /// `None` once it was handed over.
    user: Option<Box<User>>,
    pub(super) origin: Origin,
}

impl Entry {
    pub(super) fn new(user: User, origin: Origin) -> Self {
        Self { id: user.id, user: Some(Box::new(user)), origin }
    }
}

pub(super) enum Origin {
    /// In the directory before; written only if it changed.
    Found { is_changed: bool },
    /// Made by an earlier record of the run.
    New(Secrets),
}

impl Directory {
    /// What is left of each entry.
    pub(super) fn into_users(self) -> impl Iterator<Item = (Box<User>, Origin)> {
        self.entries.into_iter().filter_map(|entry| Some((entry.user?, entry.origin)))
    }

    /// A user may have been found by several of its login ids, and then stands in `found` several
    /// times. Keys are unique in a project, so one that is known already tells.
    ///
    /// With room for `more` users.
    pub(super) fn new(found: Vec<User>, more: usize) -> Self {
        let entries = Vec::with_capacity(found.len() + more);
        let mut directory = Self { entries, by_key: PerIdentifier::default() };
        for user in found {
            let is_known = Identifier::ALL.into_iter().any(|which| {
                user.login_ids
                    .get(which)
                    .as_ref()
                    .is_some_and(|id| directory.find(which, &id.key).is_some())
            });
            if !is_known {
                directory.add(Entry::new(user, Origin::Found { is_changed: false }));
            }
        }
        directory
    }

    pub(super) fn find(&self, which: Identifier, key: &str) -> Option<usize> {
        self.by_key.get(which).get(key).copied()
    }

    pub(super) fn add(&mut self, entry: Entry) {
        let index = self.entries.len();
        let user = entry.user.as_ref().expect("nobody has taken it");
        for which in Identifier::ALL {
            if let Some(login_id) = user.login_ids.get(which) {
                self.by_key.get_mut(which).insert(login_id.key.clone(), index);
            }
        }
        self.entries.push(entry);
    }

    pub(super) fn id(&self, index: usize) -> Uuid {
        self.entries[index].id
    }

    pub(super) fn user(&self, index: usize) -> &User {
        self.entries[index].user.as_ref().expect(NOT_HANDED_OVER)
    }

    pub(super) fn user_mut(&mut self, index: usize) -> &mut User {
        self.entries[index].user.as_mut().expect(NOT_HANDED_OVER)
    }

    /// Hands over the user that was made last, unless that was done before.
    pub(super) fn take_last(&mut self) -> Option<(Box<User>, Secrets)> {
        let entry = self.entries.last_mut()?;
        let Origin::New(secrets) = &mut entry.origin else { return None };
        Some((entry.user.take()?, std::mem::take(secrets)))
    }

    /// Gives a user this login id in place of the one it has. The new one belongs to nobody else.
    pub(super) fn replace(
        &mut self,
        index: usize,
        which: Identifier,
        new: Option<LoginId>,
    ) -> Replaced {
        let user = self.entries[index].user.as_mut().expect(NOT_HANDED_OVER);
        let old = user.login_ids.get_mut(which);
        if *old == new {
            return Replaced::Nothing;
        }
        let keys = self.by_key.get_mut(which);
        let (old_key, new_key) = (old.as_ref().map(|id| &id.key), new.as_ref().map(|id| &id.key));
        let replaced = if old_key == new_key { Replaced::Value } else { Replaced::Key };
        if let Some(key) = old_key {
            keys.remove(key);
        }
        if let Some(key) = new_key {
            keys.insert(key.clone(), index);
        }
        *old = new;
        replaced
    }
}

/// What became of a login id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Replaced {
    Nothing,
    /// What is shown, while the key is the same.
    Value,
    Key,
}
