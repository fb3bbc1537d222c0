//! A record: what one JSON object asks of the directory, typed once and checked.

use std::borrow::Cow;

use compact_str::CompactString;
use jiff::Timestamp;

use super::outcome::Fault;
use super::task::Identifier;

/// What a member of a record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Given<T> {
    #[default]
    Absent,
    Null,
    Value(T),
}

/// A login id after normalising. Compared by `key` alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginId {
    /// Unique in a project.
    pub key: String,
    /// What is shown; `None` where it equals the key, so that it is stored once.
    pub value: Option<String>,
}

impl LoginId {
    pub fn shown(&self) -> &str {
        self.value.as_deref().unwrap_or(&self.key)
    }
}

/// One value for each of the four attributes that find a user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PerIdentifier<T> {
    pub email: T,
    pub phone_number: T,
    pub preferred_username: T,
    pub external_id: T,
}

impl<T> PerIdentifier<T> {
    pub fn get(&self, identifier: Identifier) -> &T {
        match identifier {
            Identifier::Email => &self.email,
            Identifier::PhoneNumber => &self.phone_number,
            Identifier::PreferredUsername => &self.preferred_username,
            Identifier::ExternalId => &self.external_id,
        }
    }

    pub fn get_mut(&mut self, identifier: Identifier) -> &mut T {
        match identifier {
            Identifier::Email => &mut self.email,
            Identifier::PhoneNumber => &mut self.phone_number,
            Identifier::PreferredUsername => &mut self.preferred_username,
            Identifier::ExternalId => &mut self.external_id,
        }
    }
}

/// Attributes that are given, by name, each value JSON as it was spelled. The names of standard
/// ones are the schema's own.
pub type GivenAttributes = Vec<(Cow<'static, str>, Given<CompactString>)>;

/// A record that keeps its schema. What stands in it is normalised, never as sent.
#[derive(Debug, Clone, Default)]
pub struct Record {
    pub login_ids: PerIdentifier<Given<LoginId>>,
    pub email_verified: Option<bool>,
    pub phone_number_verified: Option<bool>,
    pub disabled: Option<bool>,
    pub account_valid_from: Option<Timestamp>,
    pub account_valid_until: Option<Timestamp>,
    /// Standard attributes that are given, by name, `address` among them as one object.
    pub attributes: GivenAttributes,
    pub custom_attributes: GivenAttributes,
    pub roles: Option<Vec<String>>,
    pub groups: Option<Vec<String>>,
    pub password: Option<Password>,
    pub mfa: Mfa,
    /// What it keeps its schema with and still fails by, whatever the directory holds:
    /// `InvalidPasswordHash`, `InvalidAccountValidPeriod`, each once and in this order.
    pub faults: Vec<Fault>,
}

#[derive(Debug, Clone, Default)]
pub struct Mfa {
    pub email: Given<String>,
    pub phone_number: Given<String>,
    pub password: Option<Password>,
    pub totp_secret: Option<Secret>,
}

#[derive(Debug, Clone)]
pub struct Password {
    pub kind: PasswordKind,
    pub hash: Secret,
    pub expire_after: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordKind {
    Bcrypt,
}

impl PasswordKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bcrypt => "bcrypt",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Bcrypt].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A text that no log, span or error may show: its `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("REDACTED")
    }
}
