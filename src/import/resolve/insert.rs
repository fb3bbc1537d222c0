//! The user that a record makes.

use uuid::Uuid;

use super::super::record::{Given, GivenAttributes, Password, PerIdentifier, Record};
use super::super::user::{Attributes, SecretMark, Secrets, User};

/// Takes the record apart, so that no member can be forgotten.
pub(super) fn user_of(id: Uuid, record: Record) -> (User, Secrets) {
    let Record {
        login_ids,
        email_verified,
        phone_number_verified,
        disabled,
        account_valid_from,
        account_valid_until,
        attributes,
        custom_attributes,
        roles,
        groups,
        password,
        mfa,
        faults: _,
    } = record;
    let login_ids = PerIdentifier {
        email: value(login_ids.email),
        phone_number: value(login_ids.phone_number),
        preferred_username: value(login_ids.preferred_username),
        external_id: value(login_ids.external_id),
    };
    let user = User {
        id,
        version: 0,
        email_verified: email_verified == Some(true) && login_ids.email.is_some(),
        phone_number_verified: phone_number_verified == Some(true)
            && login_ids.phone_number.is_some(),
        login_ids,
        attributes: values(attributes),
        custom_attributes: values(custom_attributes),
        roles: roles.unwrap_or_default(),
        groups: groups.unwrap_or_default(),
        disabled: disabled == Some(true),
        account_valid_from,
        account_valid_until,
        mfa_email: value(mfa.email),
        mfa_phone_number: value(mfa.phone_number),
        password: password.as_ref().map(mark),
        mfa_password: mfa.password.as_ref().map(mark),
        has_totp: mfa.totp_secret.is_some(),
    };
    let secrets = Secrets {
        password_hash: password.map(|password| password.hash),
        mfa_password_hash: mfa.password.map(|password| password.hash),
        totp_secret: mfa.totp_secret,
    };
    (user, secrets)
}

fn value<T>(given: Given<T>) -> Option<T> {
    match given {
        Given::Value(value) => Some(value),
        Given::Absent | Given::Null => None,
    }
}

fn values(given: GivenAttributes) -> Attributes {
    given.into_iter().filter_map(|(name, given)| Some((name, value(given)?))).collect()
}

fn mark(password: &Password) -> SecretMark {
    SecretMark { kind: password.kind.as_str().to_owned(), expire_after: password.expire_after }
}
