//! How much a chunk asks the directory before it copies, and what a task's next chunk asks.
//!
//! All ways give the same outcomes, and the serial model is held against all of them. New users
//! are always copied, which costs half of what a statement does; whoever asked too little learns
//! it from a unique violation, rolls back, and asks more. What a task's chunks met is remembered
//! for a while, so that a file full of known users does not pay for that each time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::Error;
use crate::chunk::ChunkRef;
use crate::import::task::{Identifier, Options};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// Asks nothing: a file of new users into a new system.
    Blind,
    /// Asks for the identifiers alone: some users are there, and are skipped. For a few of them
    /// first, and then for the users between those: a file that is sent again.
    Near,
    /// Asks for the identifiers alone, each for itself.
    Quick,
    /// Asks for every login id and whole users. Whoever updates has to.
    Sure,
}

impl Way {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Blind => "blind",
            Self::Near => "near",
            Self::Quick => "quick",
            Self::Sure => "sure",
        }
    }

    /// The way for a chunk whose `COPY` met a unique violation of `constraint`.
    fn after(self, constraint: Option<&str>, options: Options) -> Self {
        let by_identifier = constraint == Some(index_of(options.identifier));
        if self == Self::Blind && by_identifier && !options.upsert {
            Self::Near
        } else {
            Self::Sure
        }
    }
}

/// The unique index of a login id.
const fn index_of(identifier: Identifier) -> &'static str {
    match identifier {
        Identifier::Email => "directory_user_email",
        Identifier::PhoneNumber => "directory_user_phone_number",
        Identifier::PreferredUsername => "directory_user_preferred_username",
        Identifier::ExternalId => "directory_user_external_id",
    }
}

/// Does a violation of this constraint say that a login id is taken?
pub fn is_login_id(constraint: Option<&str>) -> bool {
    Identifier::ALL.into_iter().any(|identifier| constraint == Some(index_of(identifier)))
}

/// For so many of a task's chunks a slower way is kept: a failed `COPY` costs about half a chunk,
/// so in vain it costs less than one in a hundred.
const KEPT_FOR: u32 = 64;

/// Tasks remembered at once; arbitrary, bounded. One that is forgotten pays for an attempt.
const TASKS_MAX: usize = 1024;

/// What the chunks of tasks met, in this process.
#[derive(Debug, Default)]
pub struct Ways {
    kept: Mutex<HashMap<(i32, i64), (Way, u32)>>,
}

impl Ways {
    /// The way for the task's next chunk.
    pub fn next(&self, chunk: &ChunkRef) -> Way {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (chunk.project, chunk.task);
        let Some((way, left)) = kept.get_mut(&key) else {
            return Way::Blind;
        };
        let way = *way;
        *left -= 1;
        if *left == 0 {
            kept.remove(&key);
        }
        way
    }

    /// Keeps the task's next chunks from anything quicker than `way`.
    pub fn keep(&self, chunk: &ChunkRef, way: Way) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= TASKS_MAX {
            kept.clear();
        }
        kept.insert((chunk.project, chunk.task), (way, KEPT_FOR));
    }

    /// What to do about a `COPY` that failed: the way to try next, if another can help.
    pub fn after(
        &self,
        chunk: &ChunkRef,
        way: Way,
        options: Options,
        error: &Error,
    ) -> Option<Way> {
        let Error::Postgres(error) = error else { return None };
        if way == Way::Sure || !is_login_id(error.constraint()) {
            return None;
        }
        let next = way.after(error.constraint(), options);
        self.keep(chunk, next);
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNK: ChunkRef = ChunkRef { project: 1, task: 2, first_index: 0, record_count: 10 };

    fn options(upsert: bool) -> Options {
        Options { identifier: Identifier::Email, upsert, dry_run: false }
    }

    #[test]
    fn a_taken_identifier_is_asked_for_and_another_login_id_takes_the_sure_way() {
        let (email, phone) = (Some("directory_user_email"), Some("directory_user_phone_number"));
        assert_eq!(Way::Blind.after(email, options(false)), Way::Near);
        assert_eq!(Way::Blind.after(email, options(true)), Way::Sure);
        assert_eq!(Way::Blind.after(phone, options(false)), Way::Sure);
        assert_eq!(Way::Near.after(email, options(false)), Way::Sure);
        assert_eq!(Way::Quick.after(email, options(false)), Way::Sure);
    }

    #[test]
    fn a_way_is_kept_for_a_while_and_for_its_task_alone() {
        let ways = Ways::default();
        let other = ChunkRef { task: 3, ..CHUNK };
        ways.keep(&CHUNK, Way::Sure);
        for _ in 0..KEPT_FOR {
            assert_eq!(ways.next(&CHUNK), Way::Sure);
            assert_eq!(ways.next(&other), Way::Blind);
        }
        assert_eq!(ways.next(&CHUNK), Way::Blind);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let ways = Ways::default();
        for task in 0..10 * TASKS_MAX as i64 {
            ways.keep(&ChunkRef { task, ..CHUNK }, Way::Quick);
        }
        assert!(ways.kept.lock().unwrap().len() <= TASKS_MAX);
    }
}
