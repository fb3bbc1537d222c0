//! Users as the columns of a statement: one array a column, never a statement a record.
//!
//! A row is taken apart without `..`, so that a new field cannot be forgotten.

use jiff::Timestamp;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::literal::{array_literal, object};
use crate::import::record::{LoginId, PerIdentifier};
use crate::import::user::User;

type Param<'a> = &'a (dyn ToSql + Sync);

/// The columns of `update_users.sql`, in their order.
#[derive(Default)]
pub struct UserColumns {
    id: Vec<Uuid>,
    version: Vec<i64>,
    email: LoginIdColumns,
    email_verified: Vec<bool>,
    phone_number: LoginIdColumns,
    phone_number_verified: Vec<bool>,
    preferred_username: LoginIdColumns,
    external_id: LoginIdColumns,
    attributes: Vec<Option<String>>,
    custom_attributes: Vec<Option<String>>,
    roles: Vec<String>,
    groups: Vec<String>,
    disabled: Vec<bool>,
    account_valid_from: Vec<Option<Timestamp>>,
    account_valid_until: Vec<Option<Timestamp>>,
    mfa_email: Vec<Option<String>>,
    mfa_phone_number: Vec<Option<String>>,
}

#[derive(Default)]
struct LoginIdColumns {
    key: Vec<Option<String>>,
    value: Vec<Option<String>>,
}

impl UserColumns {
    pub fn push(&mut self, user: User) {
        let User {
            id,
            version,
            login_ids,
            email_verified,
            phone_number_verified,
            attributes,
            custom_attributes,
            roles,
            groups,
            disabled,
            account_valid_from,
            account_valid_until,
            mfa_email,
            mfa_phone_number,
            // What kinds of secret there are never changes by an import.
            password: _,
            mfa_password: _,
            has_totp: _,
        } = user;
        let PerIdentifier { email, phone_number, preferred_username, external_id } = login_ids;
        self.id.push(id);
        self.version.push(version);
        self.email.push(email);
        self.email_verified.push(email_verified);
        self.phone_number.push(phone_number);
        self.phone_number_verified.push(phone_number_verified);
        self.preferred_username.push(preferred_username);
        self.external_id.push(external_id);
        self.attributes.push(object(&attributes));
        self.custom_attributes.push(object(&custom_attributes));
        self.roles.push(array_literal(&roles));
        self.groups.push(array_literal(&groups));
        self.disabled.push(disabled);
        self.account_valid_from.push(account_valid_from);
        self.account_valid_until.push(account_valid_until);
        self.mfa_email.push(mfa_email);
        self.mfa_phone_number.push(mfa_phone_number);
    }

    pub fn len(&self) -> usize {
        self.id.len()
    }

    pub fn is_empty(&self) -> bool {
        self.id.is_empty()
    }

    /// The statement's parameters, the project first.
    pub fn params<'a>(&'a self, project: &'a i32) -> [Param<'a>; 22] {
        [
            project,
            &self.id,
            &self.version,
            &self.email.key,
            &self.email.value,
            &self.email_verified,
            &self.phone_number.key,
            &self.phone_number.value,
            &self.phone_number_verified,
            &self.preferred_username.key,
            &self.preferred_username.value,
            &self.external_id.key,
            &self.external_id.value,
            &self.attributes,
            &self.custom_attributes,
            &self.roles,
            &self.groups,
            &self.disabled,
            &self.account_valid_from,
            &self.account_valid_until,
            &self.mfa_email,
            &self.mfa_phone_number,
        ]
    }
}

impl LoginIdColumns {
    fn push(&mut self, login_id: Option<LoginId>) {
        let (key, value) = match login_id {
            Some(LoginId { key, value }) => (Some(key), value),
            None => (None, None),
        };
        self.key.push(key);
        self.value.push(value);
    }
}

/// The columns of `release.sql`: which login ids of which users are given up.
#[derive(Default)]
pub struct ReleaseColumns {
    id: Vec<Uuid>,
    email: Vec<bool>,
    phone_number: Vec<bool>,
    preferred_username: Vec<bool>,
    external_id: Vec<bool>,
}

impl ReleaseColumns {
    /// Adds a user that loses or changes a login id; one that keeps all adds nothing.
    pub fn push(&mut self, before: &PerIdentifier<Option<String>>, after: &User) {
        let given_up = |before: &Option<String>, after: &Option<LoginId>| {
            before.is_some() && before.as_deref() != after.as_ref().map(|id| id.key.as_str())
        };
        let ids = &after.login_ids;
        let released = [
            given_up(&before.email, &ids.email),
            given_up(&before.phone_number, &ids.phone_number),
            given_up(&before.preferred_username, &ids.preferred_username),
            given_up(&before.external_id, &ids.external_id),
        ];
        if released == [false; 4] {
            return;
        }
        self.id.push(after.id);
        self.email.push(released[0]);
        self.phone_number.push(released[1]);
        self.preferred_username.push(released[2]);
        self.external_id.push(released[3]);
    }

    pub fn is_empty(&self) -> bool {
        self.id.is_empty()
    }

    pub fn params<'a>(&'a self, project: &'a i32) -> [Param<'a>; 6] {
        [
            project,
            &self.id,
            &self.email,
            &self.phone_number,
            &self.preferred_username,
            &self.external_id,
        ]
    }
}
