//! A user as the directory holds it, and the secrets that a new one brings.

use std::borrow::Cow;

use compact_str::CompactString;
use jiff::Timestamp;
use uuid::Uuid;

use super::record::{LoginId, PerIdentifier, Secret};

/// Everything of a user but its secrets.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "one a column: a user is these facts")]
pub struct User {
    /// A `UUIDv7`.
    pub id: Uuid,
    /// 0 for a user that does not exist yet; grows by one with each update.
    pub version: i64,
    pub login_ids: PerIdentifier<Option<LoginId>>,
    pub email_verified: bool,
    pub phone_number_verified: bool,
    /// A JSON object of the standard attributes that are set, by name.
    pub attributes: Attributes,
    /// A JSON object of the custom attributes that are set, by name.
    pub custom_attributes: Attributes,
    pub roles: Vec<String>,
    pub groups: Vec<String>,
    pub disabled: bool,
    pub account_valid_from: Option<Timestamp>,
    pub account_valid_until: Option<Timestamp>,
    pub mfa_email: Option<String>,
    pub mfa_phone_number: Option<String>,
    pub password: Option<SecretMark>,
    pub mfa_password: Option<SecretMark>,
    pub has_totp: bool,
}

/// Named JSON values, each kept to the byte as it was sent, in the order they were first set. The
/// names of standard attributes are the schema's own.
pub type Attributes = Vec<(Cow<'static, str>, CompactString)>;

/// That there is a secret, of which kind, and until when; never the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretMark {
    pub kind: String,
    pub expire_after: Option<Timestamp>,
}

/// What a new user logs in with.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    pub password_hash: Option<Secret>,
    pub mfa_password_hash: Option<Secret>,
    pub totp_secret: Option<Secret>,
}
