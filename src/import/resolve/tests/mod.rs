//! Records as they are sent, against users as they are stored.

mod checks;
mod fields;
mod order;
mod serial;
mod upsert_table;
mod warning_table;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::import::parse::parse;
use crate::import::settings::Settings;
use crate::import::task::Identifier;
use crate::import::user::SecretMark;

const HASH: &str = "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";

/// A task, and the directory that it finds.
#[derive(Clone)]
struct Task {
    options: Options,
    unknown: UnknownKeys,
    known: BTreeSet<String>,
    found: Vec<User>,
    known_users: KnownUsers,
}

impl Task {
    fn new(identifier: Identifier, upsert: bool) -> Self {
        Self {
            options: Options { identifier, upsert, dry_run: false },
            unknown: UnknownKeys::Create,
            known: BTreeSet::new(),
            found: Vec::new(),
            known_users: KnownUsers::default(),
        }
    }

    fn dry(mut self) -> Self {
        self.options.dry_run = true;
        self
    }

    /// With the users that these records make in the directory.
    fn finding(mut self, records: &[&str]) -> Self {
        let made = Self::new(self.options.identifier, false).run(records).inserts;
        self.found = made.into_iter().map(|(user, _)| User { version: 7, ..*user }).collect();
        self
    }

    /// With no more known of its users than who holds their identifiers.
    fn asking_for_ids(mut self) -> Self {
        let which = self.options.identifier;
        let known = self.found.drain(..).filter_map(|user| {
            let login_id = user.login_ids.get(which).as_ref()?;
            Some((login_id.key.clone(), user.id))
        });
        self.known_users = known.collect();
        self
    }

    fn knowing(mut self, known: &[&str]) -> Self {
        self.unknown = UnknownKeys::Existing;
        self.known = known.iter().map(|key| (*key).to_owned()).collect();
        self
    }

    fn rules(&self) -> Rules<'_> {
        Rules {
            options: self.options,
            unknown_roles_and_groups: self.unknown,
            known_roles: &self.known,
            known_groups: &self.known,
            known_users: &self.known_users,
        }
    }

    fn candidates(&self, records: &[&str]) -> Vec<Candidate> {
        let candidate = |(index, record): (usize, &&str)| Candidate {
            record: parse(record.as_bytes(), self.options.identifier, &Settings::default()).record,
            new_id: new_id(index),
            shares_with_earlier_chunk: record.contains("shares"),
        };
        records.iter().enumerate().map(candidate).collect()
    }

    fn run(&self, records: &[&str]) -> Resolution {
        resolve(&self.rules(), self.candidates(records), self.found.clone())
    }
}

fn new_id(index: usize) -> Uuid {
    Uuid::from_u128(0x1000 + index as u128)
}

fn outcomes(resolution: &Resolution) -> Vec<Outcome> {
    resolution.verdicts.iter().map(|verdict| verdict.outcome).collect()
}

fn warnings(verdict: &Verdict) -> Vec<&str> {
    verdict.warnings.iter().map(|warning| &*warning.message).collect()
}

fn reasons(verdict: &Verdict) -> Vec<&'static str> {
    verdict.errors.iter().map(|fault| fault.reason).collect()
}

/// Everything of a user but id and version, by the name that a record gives it; what is not set
/// is not there.
fn seen(user: &User) -> BTreeMap<String, Value> {
    let mut seen = BTreeMap::new();
    let mut see = |name: &str, value: Value| {
        if !value.is_null() {
            seen.insert(name.to_owned(), value);
        }
    };
    for which in Identifier::ALL {
        see(which.as_str(), json!(user.login_ids.get(which).as_ref().map(LoginId::shown)));
    }
    see("email_verified", json!(user.email_verified.then_some(true)));
    see("phone_number_verified", json!(user.phone_number_verified.then_some(true)));
    see("disabled", json!(user.disabled.then_some(true)));
    see("account_valid_from", json!(user.account_valid_from.map(|time| time.to_string())));
    see("account_valid_until", json!(user.account_valid_until.map(|time| time.to_string())));
    see("roles", json!(Some(&user.roles).filter(|roles| !roles.is_empty())));
    see("groups", json!(Some(&user.groups).filter(|groups| !groups.is_empty())));
    see("mfa.email", json!(user.mfa_email));
    see("mfa.phone_number", json!(user.mfa_phone_number));
    let kind = |mark: &Option<SecretMark>| json!(mark.as_ref().map(|mark| mark.kind.as_str()));
    see("password", kind(&user.password));
    see("mfa.password", kind(&user.mfa_password));
    see("mfa.totp", json!(user.has_totp.then_some(true)));
    for (name, value) in &user.attributes {
        see(name, serde_json::from_str(value).expect("stored attributes are JSON"));
    }
    for (name, value) in &user.custom_attributes {
        let value = serde_json::from_str(value).expect("stored attributes are JSON");
        see(&format!("custom_attributes.{name}"), value);
    }
    seen
}

use crate::import::record::LoginId;
