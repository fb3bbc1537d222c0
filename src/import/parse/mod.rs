//! From a record's bytes to a [`Record`], with every fault it has.
//!
//! A member is checked where it is read, and a broken one only adds a cause: what a caller gets
//! back is everything that is wrong with the record, at once. Numbers, strings and custom
//! attributes are kept as they were spelled.

mod attributes;
mod login_ids;
mod member;
mod secrets;

use std::borrow::Cow;

use super::causes::{At, Causes};
use super::glance;
use super::json::{self, Member};
use super::login_id;
use super::outcome::Fault;
use super::record::{PerIdentifier, Record};
use super::redact;
use super::settings::Settings;
use super::structure;
use super::task::Identifier;
use attributes::Check;

/// A record and its echo, from one reading.
#[derive(Debug)]
pub struct Parsed<'a> {
    /// The record, or why it is none: one `InvalidJSON`, or one `ValidationFailed` with all causes.
    ///
    /// A record that keeps its schema and fails all the same carries the reason in its `faults`,
    /// for whether its user exists is still to be said.
    pub record: Result<Box<Record>, Vec<Fault>>,
    /// As [`redact::redact`] gives it.
    pub echo: Option<Cow<'a, str>>,
}

/// Reads what these bytes ask for, and what may be shown of them.
pub fn parse<'a>(json: &'a [u8], identifier: Identifier, settings: &Settings) -> Parsed<'a> {
    let object = match json::read(json) {
        Ok(object) => object,
        Err(at) => {
            let record = Err(vec![Fault::invalid_json(at.line, at.column)]);
            return Parsed { record, echo: None };
        }
    };
    let has_escapes = memchr::memchr(b'\\', json).is_some();
    let record = record(&object.members, has_escapes, identifier, settings);
    // A sound record has no more levels than its schema allows, and no name twice.
    let is_readable = record.is_ok() || structure::is_readable(&object.members, redact::DEPTH_MAX);
    let echo = is_readable.then(|| redact::shown(&object));
    Parsed { record, echo }
}

fn record(
    members: &[Member<'_>],
    has_escapes: bool,
    identifier: Identifier,
    settings: &Settings,
) -> Result<Box<Record>, Vec<Fault>> {
    let mut reader = Reader::new(identifier, settings);
    if members.iter().all(|member| member.name != identifier.as_str()) {
        reader.causes.required(&At::ROOT, &[identifier.as_str()]);
    }
    structure::check(members, has_escapes, &mut reader.causes);
    // Most members are attributes.
    reader.record.attributes.reserve(members.len());
    for member in members {
        reader.member(member);
    }
    reader.finish()
}

/// The key of each login id that is given, valid and not null; the same that [`parse`] gives.
/// Of a record that cannot be read perhaps some.
pub fn login_ids(json: &[u8], settings: &Settings) -> PerIdentifier<Option<String>> {
    let mut keys = PerIdentifier::default();
    for (identifier, text) in glance::login_ids(json) {
        let login_id = login_id::normalise(identifier, &text, settings);
        *keys.get_mut(identifier) = login_id.ok().map(|login_id| login_id.key);
    }
    keys
}

/// The key of one of them, of which no more of the record is read than it takes to find it.
pub fn key_of(json: &[u8], identifier: Identifier, settings: &Settings) -> Option<String> {
    // A record that names a member twice is none.
    let (_, text) = glance::login_ids(json).find(|(which, _)| *which == identifier)?;
    Some(login_id::normalise(identifier, &text, settings).ok()?.key)
}

/// A record on its way from its members.
struct Reader<'s> {
    identifier: Identifier,
    settings: &'s Settings,
    causes: Causes,
    record: Box<Record>,
    /// Where a password hash stands that is none of its type.
    broken_hashes: Vec<&'static str>,
}

impl<'s> Reader<'s> {
    fn new(identifier: Identifier, settings: &'s Settings) -> Self {
        Self {
            identifier,
            settings,
            causes: Causes::default(),
            record: Box::default(),
            broken_hashes: Vec::new(),
        }
    }

    fn member(&mut self, member: &Member<'_>) {
        let at = &At::ROOT.member(&member.name);
        let raw = member.value;
        match &*member.name {
            "email" => self.login_id(Identifier::Email, at, raw),
            "phone_number" => self.login_id(Identifier::PhoneNumber, at, raw),
            "preferred_username" => self.login_id(Identifier::PreferredUsername, at, raw),
            "external_id" => self.login_id(Identifier::ExternalId, at, raw),
            "email_verified" => self.record.email_verified = self.boolean(at, raw),
            "phone_number_verified" => self.record.phone_number_verified = self.boolean(at, raw),
            "disabled" => self.record.disabled = self.boolean(at, raw),
            "account_valid_from" => self.record.account_valid_from = self.time(at, raw),
            "account_valid_until" => self.record.account_valid_until = self.time(at, raw),
            "name" | "given_name" | "family_name" | "middle_name" | "nickname" | "gender" => {
                self.attribute(at, member, Check::Anything);
            }
            "profile" | "website" => self.attribute(at, member, Check::Uri),
            "picture" => self.attribute(at, member, Check::WebUri),
            "birthdate" => self.attribute(at, member, Check::Birthdate),
            "zoneinfo" => self.attribute(at, member, Check::Zone),
            "locale" => self.attribute(at, member, Check::Locale),
            "address" => self.address(at, member),
            "custom_attributes" => self.custom_attributes(at, member),
            "roles" => self.record.roles = self.names(at, raw),
            "groups" => self.record.groups = self.names(at, raw),
            "password" => {
                self.record.password = self.password(at, member, "/password/password_hash");
            }
            "mfa" => self.mfa(at, member),
            _ => self.causes.unknown(at),
        }
    }

    fn finish(mut self) -> Result<Box<Record>, Vec<Fault>> {
        if !self.causes.is_empty() {
            return Err(vec![self.causes.into_fault("invalid record")]);
        }
        if !self.broken_hashes.is_empty() {
            self.record.faults.push(Fault::invalid_password_hash(&self.broken_hashes));
        }
        if let (Some(from), Some(until)) =
            (self.record.account_valid_from, self.record.account_valid_until)
            && from >= until
        {
            self.record.faults.push(Fault::invalid_account_valid_period());
        }
        Ok(self.record)
    }
}

#[cfg(test)]
mod tests;
