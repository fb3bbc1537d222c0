//! Every field of a record: what null means for it, a value, and how that value is stored.

use super::*;

/// What null means for a field.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Null {
    Removes,
    /// Removes, and has no effect in insert, which is worth a warning.
    RemovesALogin,
    IsAnError,
}
use Null::{IsAnError, Removes, RemovesALogin};

pub(super) struct Field {
    /// With a dot before a member.
    pub(super) name: &'static str,
    pub(super) null: Null,
    /// As sent, other than the stored user has it.
    pub(super) value: &'static str,
    stored: &'static str,
    /// Never changed by an update.
    pub(super) is_secret: bool,
}

impl Field {
    /// As [`seen`] afterwards; null for what is then not set.
    pub(super) fn stored(&self) -> Value {
        serde_json::from_str(self.stored).expect("the table holds JSON")
    }
}

const fn field(name: &'static str, null: Null, value: &'static str, stored: &'static str) -> Field {
    Field { name, null, value, stored, is_secret: false }
}

const fn plain(name: &'static str, value: &'static str) -> Field {
    field(name, Removes, value, value)
}

const fn secret(name: &'static str, value: &'static str, stored: &'static str) -> Field {
    Field { name, null: IsAnError, value, stored, is_secret: true }
}

const BCRYPT: &str = r#"{"type":"bcrypt","password_hash":"$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"}"#;
const FROM: &str = r#""2021-01-01T00:00:00Z""#;
const UNTIL: &str = r#""2031-01-01T00:00:00Z""#;

pub(super) const FIELDS: &[Field] = &[
    field("email", RemovesALogin, r#""New@b.c""#, r#""new@b.c""#),
    field("phone_number", RemovesALogin, r#""+852 9876 0000""#, r#""+85298760000""#),
    field("preferred_username", RemovesALogin, r#""New""#, r#""new""#),
    field("external_id", RemovesALogin, r#""New 1""#, r#""New 1""#),
    field("email_verified", IsAnError, "false", "null"),
    field("phone_number_verified", IsAnError, "false", "null"),
    field("disabled", IsAnError, "false", "null"),
    field("account_valid_from", IsAnError, FROM, FROM),
    field("account_valid_until", IsAnError, UNTIL, UNTIL),
    plain("name", r#""new""#),
    plain("given_name", r#""new""#),
    plain("family_name", r#""new""#),
    plain("middle_name", r#""new""#),
    plain("nickname", r#""new""#),
    plain("gender", r#""new""#),
    plain("profile", r#""https://new.example/""#),
    plain("website", r#""https://new.example/""#),
    plain("picture", r#""https://new.example/""#),
    plain("birthdate", r#""--12-31""#),
    plain("zoneinfo", r#""Asia/Tokyo""#),
    plain("locale", r#""ja""#),
    plain("address", r#"{"region":"new"}"#),
    plain("custom_attributes.a", r#"{"new":1}"#),
    field("roles", IsAnError, r#"["new","b"]"#, r#"["b","new"]"#),
    field("groups", IsAnError, r#"["new"]"#, r#"["new"]"#),
    field("mfa.email", RemovesALogin, r#""new@b.c""#, r#""new@b.c""#),
    field("mfa.phone_number", RemovesALogin, r#""+85298760000""#, r#""+85298760000""#),
    secret("password", BCRYPT, r#""bcrypt""#),
    secret("mfa.password", BCRYPT, r#""bcrypt""#),
    secret("mfa.totp", r#"{"secret":"MY"}"#, "true"),
];

/// A user with everything.
pub(super) const STORED: &str = r#"{"email":"old@b.c","phone_number":"+85298765432","preferred_username":"old",
    "external_id":"old 1","email_verified":true,"phone_number_verified":true,"disabled":true,
    "account_valid_from":"2020-01-01T00:00:00Z","account_valid_until":"2030-01-01T00:00:00Z",
    "name":"old","given_name":"old","family_name":"old","middle_name":"old","nickname":"old",
    "gender":"old","profile":"https://old.example/","website":"https://old.example/",
    "picture":"https://old.example/","birthdate":"1990-01-01","zoneinfo":"Europe/Berlin",
    "locale":"de","address":{"region":"old","country":"old"},
    "custom_attributes":{"a":1,"b":2},"roles":["a","b"],"groups":["a"],
    "mfa":{"email":"old@b.c","phone_number":"+85298765432",
    "password":{"type":"bcrypt","password_hash":"$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"},
    "totp":{"secret":"JBSWY3DP"}},
    "password":{"type":"bcrypt","password_hash":"$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"}}"#;
