//! Every warning that a record can have, when and in which words.
//!
//! A warning names something that was said and had no effect. Callers match on these words, so
//! they stand here once, and the table test holds them to the contract.

use std::borrow::Cow;

use super::outcome::Warning;
use super::record::{Given, Record};

pub(super) fn skipped() -> Warning {
    said("skipping because upsert = false and user exists")
}

pub(super) fn unseen_in_dry_run() -> Warning {
    said("an earlier record of this import shares a login id; a dry run does not see its effect.")
}

/// What a record that makes a user says in vain.
pub(super) fn of_insert(record: &Record) -> Vec<Warning> {
    let ids = &record.login_ids;
    let nulls = [
        ("email", is_null(&ids.email)),
        ("phone_number", is_null(&ids.phone_number)),
        ("preferred_username", is_null(&ids.preferred_username)),
        ("external_id", is_null(&ids.external_id)),
        ("mfa.email", is_null(&record.mfa.email)),
        ("mfa.phone_number", is_null(&record.mfa.phone_number)),
    ];
    let falses = [
        ("email_verified", record.email_verified == Some(false)),
        ("phone_number_verified", record.phone_number_verified == Some(false)),
        ("disabled", record.disabled == Some(false)),
    ];
    let unfounded = [
        ("email", record.email_verified == Some(true) && !is_value(&ids.email)),
        (
            "phone_number",
            record.phone_number_verified == Some(true) && !is_value(&ids.phone_number),
        ),
    ];
    let nulls = names(nulls).map(|name| said(format!("{name} = null has no effect in insert.")));
    let falses = names(falses).map(|name| said(format!("{name} = false has no effect in insert.")));
    let unfounded = names(unfounded)
        .map(|name| said(format!("{name}_verified = true has no effect when {name} is absent.")));
    nulls.chain(falses).chain(unfounded).collect()
}

/// What a record that updates a user says in vain.
pub(super) fn of_update(record: &Record) -> Vec<Warning> {
    let ids = &record.login_ids;
    let verified = [
        ("email", record.email_verified, &ids.email),
        ("phone_number", record.phone_number_verified, &ids.phone_number),
    ];
    let secrets = [
        ("password", record.password.is_some()),
        ("mfa.password", record.mfa.password.is_some()),
        ("mfa.totp", record.mfa.totp_secret.is_some()),
    ];
    let unfounded = verified.into_iter().filter(|(_, mark, _)| mark.is_some()).filter_map(
        |(name, _, login_id)| {
            let state = match login_id {
                Given::Absent => "is absent.",
                Given::Null => "= null.",
                Given::Value(_) => return None,
            };
            Some(said(format!("{name}_verified has no effect when {name} {state}")))
        },
    );
    let secrets = names(secrets)
        .map(|name| said(format!("{name} is ignored because the user exists already.")));
    unfounded.chain(secrets).collect()
}

fn said(message: impl Into<Cow<'static, str>>) -> Warning {
    Warning { message: message.into() }
}

fn names<const N: usize>(when: [(&'static str, bool); N]) -> impl Iterator<Item = &'static str> {
    when.into_iter().filter(|(_, holds)| *holds).map(|(name, _)| name)
}

fn is_null<T>(given: &Given<T>) -> bool {
    matches!(given, Given::Null)
}

fn is_value<T>(given: &Given<T>) -> bool {
    matches!(given, Given::Value(_))
}
