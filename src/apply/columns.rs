//! Users as the columns of a statement: one array a column, never a statement a record.
//!
//! A row is taken apart without `..`, so that a new field cannot be forgotten.

use jiff::Timestamp;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::literal::{array_literal, object};
use crate::import::record::{LoginId, PerIdentifier, Secret};
use crate::import::user::{SecretMark, Secrets, User};
use crate::seal::MasterKeys;

type Param<'a> = &'a (dyn ToSql + Sync);

/// The columns of `insert_users.sql` and `update_users.sql`, in their order.
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
    password: SecretMarkColumns,
    mfa_password: SecretMarkColumns,
    has_totp: Vec<bool>,
}

#[derive(Default)]
struct LoginIdColumns {
    key: Vec<Option<String>>,
    value: Vec<Option<String>>,
}

#[derive(Default)]
struct SecretMarkColumns {
    kind: Vec<Option<String>>,
    expire_after: Vec<Option<Timestamp>>,
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
            password,
            mfa_password,
            has_totp,
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
        self.password.push(password);
        self.mfa_password.push(mfa_password);
        self.has_totp.push(has_totp);
    }

    pub fn len(&self) -> usize {
        self.id.len()
    }

    pub fn is_empty(&self) -> bool {
        self.id.is_empty()
    }

    /// The parameters of either statement, the project first.
    pub fn params<'a>(&'a self, project: &'a i32) -> [Param<'a>; 27] {
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
            &self.password.kind,
            &self.password.expire_after,
            &self.mfa_password.kind,
            &self.mfa_password.expire_after,
            &self.has_totp,
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

impl SecretMarkColumns {
    fn push(&mut self, mark: Option<SecretMark>) {
        let (kind, expire_after) = match mark {
            Some(SecretMark { kind, expire_after }) => (Some(kind), expire_after),
            None => (None, None),
        };
        self.kind.push(kind);
        self.expire_after.push(expire_after);
    }
}

/// The columns of `insert_secrets.sql`, in their order; a row only where there is a secret.
#[derive(Default)]
pub struct SecretColumns {
    user_id: Vec<Uuid>,
    password_hash: Vec<Option<String>>,
    mfa_password_hash: Vec<Option<String>>,
    totp_secret: Vec<Option<Vec<u8>>>,
    totp_key_id: Vec<Option<String>>,
}

impl SecretColumns {
    pub fn push(&mut self, keys: &MasterKeys, project: i32, user_id: Uuid, secrets: Secrets) {
        let Secrets { password_hash, mfa_password_hash, totp_secret } = secrets;
        if password_hash.is_none() && mfa_password_hash.is_none() && totp_secret.is_none() {
            return;
        }
        let (key_id, sealed) = match totp_secret {
            Some(Secret(secret)) => {
                let sealed = keys.seal_totp(project, user_id, &secret);
                (Some(sealed.master_key_id), Some(sealed.bytes))
            }
            None => (None, None),
        };
        self.user_id.push(user_id);
        self.password_hash.push(password_hash.map(|Secret(hash)| hash));
        self.mfa_password_hash.push(mfa_password_hash.map(|Secret(hash)| hash));
        self.totp_secret.push(sealed);
        self.totp_key_id.push(key_id);
    }

    pub fn is_empty(&self) -> bool {
        self.user_id.is_empty()
    }

    pub fn params<'a>(&'a self, project: &'a i32) -> [Param<'a>; 6] {
        [
            project,
            &self.user_id,
            &self.password_hash,
            &self.mfa_password_hash,
            &self.totp_secret,
            &self.totp_key_id,
        ]
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
