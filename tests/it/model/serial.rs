//! What an import does, record by record: the contract of a record, written down once more.
//!
//! Written from the contract's words and sharing nothing with the product: no set-based code, no
//! chunk, no database. Where it and the service disagree, one of them is wrong.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::rules::{Rules, causes};
use super::universe::{LOGIN_IDS, Meaning, Settings, instant};
use super::user::{GivenIds, MFA, PERIOD, User, VERIFIED, names};

/// How the task was asked for.
#[derive(Debug, Clone)]
pub struct Options {
    pub identifier: &'static str,
    pub upsert: bool,
    pub dry_run: bool,
}

/// What is said of one record; lists of no promised order as sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub outcome: &'static str,
    pub user_id: Option<String>,
    pub warnings: BTreeSet<String>,
    /// Reasons in their order, each with what its `info` has to hold.
    pub errors: Vec<(&'static str, Value)>,
}

/// The directory of one project.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Directory {
    pub users: Vec<User>,
}

impl Directory {
    fn owner(&self, which: &str, key: &str) -> Option<usize> {
        self.users.iter().position(|user| user.ids.get(which).is_some_and(|id| id.key == key))
    }

    /// Applies one record. A user that it makes gets `new_id`; a dry run's has none.
    pub fn apply(
        &mut self,
        rules: &Rules,
        options: &Options,
        record: &Map<String, Value>,
        new_id: &str,
    ) -> Said {
        let broken = causes(rules, options.identifier, record);
        if !broken.is_empty() {
            let causes: Vec<_> =
                broken.iter().map(|(location, kind)| json!([location, kind])).collect();
            return failed(None, vec![("ValidationFailed", json!(causes))]);
        }
        let ids = given_ids(rules.settings, record);
        let Some(Some(identifier)) = ids.get(options.identifier) else {
            panic!("a record without its identifier breaks its schema");
        };
        let existing = self.owner(options.identifier, &identifier.key);
        let user_id = existing.map(|user| self.users[user].id.clone()).filter(|id| !id.is_empty());
        let errors = self.errors(rules, options, record, &ids, existing);
        if !errors.is_empty() {
            return failed(user_id, errors);
        }
        let said = |outcome, user_id, warnings: Vec<String>| Said {
            outcome,
            user_id,
            warnings: warnings.into_iter().collect(),
            errors: Vec::new(),
        };
        match existing {
            Some(_) if !options.upsert => {
                let why = "skipping because upsert = false and user exists".to_owned();
                said("skipped", user_id, vec![why])
            }
            Some(user) => {
                let warnings = update_warnings(&ids, record);
                self.users[user].update(rules.settings, &ids, record);
                said("updated", user_id, warnings)
            }
            None => {
                let warnings = insert_warnings(&ids, record);
                let id = if options.dry_run { String::new() } else { new_id.to_owned() };
                self.users.push(User::made(rules.settings, id.clone(), &ids, record));
                said("inserted", Some(id).filter(|id| !id.is_empty()), warnings)
            }
        }
    }

    fn errors(
        &self,
        rules: &Rules,
        options: &Options,
        record: &Map<String, Value>,
        ids: &GivenIds,
        existing: Option<usize>,
    ) -> Vec<(&'static str, Value)> {
        let mut errors = Vec::new();
        let hashes = [("/password/password_hash", record.get("password")), {
            let mfa = record.get("mfa").and_then(|mfa| mfa.get("password"));
            ("/mfa/password/password_hash", mfa)
        }];
        let wrong = |password: &Value| !super::universe::is_hash(&password["password_hash"]);
        let wrong: BTreeSet<_> = hashes
            .into_iter()
            .filter(|(_, password)| password.is_some_and(wrong))
            .map(|(at, _)| at)
            .collect();
        if !wrong.is_empty() {
            errors.push(("InvalidPasswordHash", json!({ "locations": wrong })));
        }
        let would_write = existing.is_none() || options.upsert;
        let stored = existing.filter(|_| would_write).map(|user| &self.users[user].valid);
        let bound = |name: &str| {
            let said = record.get(name).map(|time| instant(time).expect("a sound time"));
            said.or_else(|| stored.and_then(|stored| stored.get(name).copied()))
        };
        let says = PERIOD.iter().any(|name| record.contains_key(*name));
        if let (true, Some(from), Some(until)) = (says, bound(PERIOD[0]), bound(PERIOD[1]))
            && from >= until
        {
            errors.push(("InvalidAccountValidPeriod", Value::Null));
        }
        if !would_write {
            return errors;
        }
        if rules.settings.keys_must_exist {
            let mut unknown = Map::new();
            for (name, known) in [("roles", &rules.roles), ("groups", &rules.groups)] {
                let given = names(record.get(name));
                let lacking: Vec<_> = given.difference(known).cloned().collect();
                if !lacking.is_empty() {
                    unknown.insert(name.to_owned(), json!(lacking));
                }
            }
            if !unknown.is_empty() {
                errors.push(("UnknownKeys", Value::Object(unknown)));
            }
        }
        let taken = |which: &&'static str| {
            let id = ids.get(which).and_then(Option::as_ref);
            let owner = id.and_then(|id| self.owner(which, &id.key));
            owner.is_some() && owner != existing
        };
        let taken: BTreeSet<_> = LOGIN_IDS.into_iter().filter(taken).collect();
        if !taken.is_empty() {
            errors.push(("DuplicatedIdentity", json!({ "fields": taken })));
        }
        errors
    }
}

fn failed(user_id: Option<String>, errors: Vec<(&'static str, Value)>) -> Said {
    Said { outcome: "failed", user_id, warnings: BTreeSet::new(), errors }
}

/// The login ids that a record gives and means: `None` where it says null.
pub fn given_ids(settings: Settings, record: &Map<String, Value>) -> GivenIds {
    let mut ids = GivenIds::new();
    for which in LOGIN_IDS {
        match record.get(which) {
            Some(Value::Null) => drop(ids.insert(which, None)),
            Some(Value::String(text)) => {
                if let Meaning::Id(id) = super::universe::meaning(settings, which, text) {
                    ids.insert(which, Some(id));
                }
            }
            _ => {}
        }
    }
    ids
}

fn insert_warnings(ids: &GivenIds, record: &Map<String, Value>) -> Vec<String> {
    let mut warnings = Vec::new();
    for which in LOGIN_IDS {
        if ids.get(which) == Some(&None) {
            warnings.push(format!("{which} = null has no effect in insert."));
        }
    }
    for which in MFA {
        if record.get("mfa").and_then(|mfa| mfa.get(which)) == Some(&Value::Null) {
            warnings.push(format!("mfa.{which} = null has no effect in insert."));
        }
    }
    for mark in ["email_verified", "phone_number_verified", "disabled"] {
        if record.get(mark) == Some(&Value::Bool(false)) {
            warnings.push(format!("{mark} = false has no effect in insert."));
        }
    }
    for (which, mark) in VERIFIED {
        let has_id = matches!(ids.get(which), Some(Some(_)));
        if record.get(mark) == Some(&Value::Bool(true)) && !has_id {
            warnings.push(format!("{mark} = true has no effect when {which} is absent."));
        }
    }
    warnings
}

fn update_warnings(ids: &GivenIds, record: &Map<String, Value>) -> Vec<String> {
    let mut warnings = Vec::new();
    for (which, mark) in VERIFIED {
        match ids.get(which) {
            _ if !record.contains_key(mark) => {}
            None => warnings.push(format!("{mark} has no effect when {which} is absent.")),
            Some(None) => warnings.push(format!("{mark} has no effect when {which} = null.")),
            Some(Some(_)) => {}
        }
    }
    let mfa = record.get("mfa");
    for (name, given) in [
        ("password", record.get("password")),
        ("mfa.password", mfa.and_then(|mfa| mfa.get("password"))),
        ("mfa.totp", mfa.and_then(|mfa| mfa.get("totp"))),
    ] {
        if given.is_some() {
            warnings.push(format!("{name} is ignored because the user exists already."));
        }
    }
    warnings
}
