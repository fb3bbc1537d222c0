//! What a record can fail by once its schema holds and its user is known.

use std::collections::BTreeSet;

use super::Rules;
use super::directory::Directory;
use crate::import::outcome::Fault;
use crate::import::record::{Given, Record};
use crate::import::settings::UnknownKeys;
use crate::import::task::Identifier;
use crate::import::user::User;

/// Would the account's period, as the record leaves it, hold no moment?
///
/// A record that says nothing of the period is not to blame for what is stored.
pub(super) fn ends_before_it_begins(record: &Record, stored: &User) -> bool {
    if record.account_valid_from.is_none() && record.account_valid_until.is_none() {
        return false;
    }
    let from = record.account_valid_from.or(stored.account_valid_from);
    let until = record.account_valid_until.or(stored.account_valid_until);
    matches!((from, until), (Some(from), Some(until)) if from >= until)
}

pub(super) fn unknown_keys(rules: &Rules<'_>, record: &Record) -> Option<Fault> {
    if rules.unknown_roles_and_groups == UnknownKeys::Create {
        return None;
    }
    let no_roles: Vec<_> = lacking(record.roles.as_ref(), rules.known_roles).collect();
    let no_groups: Vec<_> = lacking(record.groups.as_ref(), rules.known_groups).collect();
    let is_known = no_roles.is_empty() && no_groups.is_empty();
    (!is_known).then(|| Fault::unknown_keys(&no_roles, &no_groups))
}

/// Those given that are not among the known.
pub(super) fn lacking<'a>(
    given: Option<&'a Vec<String>>,
    known: &'a BTreeSet<String>,
) -> impl Iterator<Item = &'a str> {
    given.into_iter().flatten().filter(|key| !known.contains(*key)).map(String::as_str)
}

/// Login ids of the record that belong to another user than the one it is for.
pub(super) fn duplicated_identity(
    directory: &Directory,
    record: &Record,
    own: Option<usize>,
) -> Option<Fault> {
    let is_taken = |which: &Identifier| match record.login_ids.get(*which) {
        Given::Value(login_id) => {
            directory.find(*which, &login_id.key).is_some_and(|owner| Some(owner) != own)
        }
        Given::Absent | Given::Null => false,
    };
    let fields: Vec<_> = Identifier::ALL.into_iter().filter(is_taken).collect();
    (!fields.is_empty()).then(|| Fault::duplicated_identity(&fields))
}
