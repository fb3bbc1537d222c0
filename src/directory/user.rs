//! A user as JSON: what the contract calls "A user".

use jiff::Timestamp;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;
use tokio_postgres::Row;
use tokio_postgres::types::Json;
use uuid::Uuid;

use crate::pg;
use crate::web::json::Members;

/// Absent attributes are left out.
#[derive(Serialize)]
pub struct User {
    id: Uuid,
    created_at: Timestamp,
    updated_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// Beside its login id alone, and so for the phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_number_verified: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    preferred_username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
    #[serde(flatten)]
    attributes: Attributes,
    custom_attributes: Attributes,
    roles: Vec<String>,
    groups: Vec<String>,
    disabled: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_valid_from: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_valid_until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<SecretMark>,
    #[serde(skip_serializing_if = "Mfa::is_empty")]
    mfa: Mfa,
}

#[derive(Serialize)]
struct Mfa {
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<SecretMark>,
    /// Never false: absent, like everything that a user lacks.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    totp: bool,
}

#[derive(Serialize)]
struct SecretMark {
    r#type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expire_after: Option<Timestamp>,
}

/// Named JSON values, each to the byte as it was stored.
#[derive(Default)]
struct Attributes(Vec<(String, Box<RawValue>)>);

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl Mfa {
    fn is_empty(&self) -> bool {
        self.email.is_none() && self.phone_number.is_none() && self.password.is_none() && !self.totp
    }
}

impl User {
    /// From a row of `user.sql`.
    pub fn from_row(row: &Row) -> Result<Self, pg::Error> {
        let email: Option<String> = row.try_get("email")?;
        let phone_number: Option<String> = row.try_get("phone_number")?;
        Ok(Self {
            id: row.try_get("id")?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
            email_verified: email.as_ref().map(|_| row.try_get("email_verified")).transpose()?,
            email,
            phone_number_verified: phone_number
                .as_ref()
                .map(|_| row.try_get("phone_number_verified"))
                .transpose()?,
            phone_number,
            preferred_username: row.try_get("preferred_username")?,
            external_id: row.try_get("external_id")?,
            attributes: attributes(row, "attributes")?,
            custom_attributes: attributes(row, "custom_attributes")?,
            roles: row.try_get("roles")?,
            groups: row.try_get("groups")?,
            disabled: row.try_get("disabled")?,
            account_valid_from: row.try_get("account_valid_from")?,
            account_valid_until: row.try_get("account_valid_until")?,
            password: secret_mark(row, "password_type", "password_expire_after")?,
            mfa: Mfa {
                email: row.try_get("mfa_email")?,
                phone_number: row.try_get("mfa_phone_number")?,
                password: secret_mark(row, "mfa_password_type", "mfa_password_expire_after")?,
                totp: row.try_get("has_totp")?,
            },
        })
    }
}

/// NULL is the empty object.
fn attributes(row: &Row, column: &str) -> Result<Attributes, pg::Error> {
    let stored: Option<Json<Members>> = row.try_get(column)?;
    Ok(stored.map(|Json(Members(members))| Attributes(members)).unwrap_or_default())
}

fn secret_mark(row: &Row, kind: &str, until: &str) -> Result<Option<SecretMark>, pg::Error> {
    let kind: Option<String> = row.try_get(kind)?;
    let mark = |r#type| Ok(SecretMark { r#type, expire_after: row.try_get(until)? });
    kind.map(mark).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user() -> User {
        User {
            id: Uuid::nil(),
            created_at: "2024-04-04T06:56:36.025Z".parse().unwrap(),
            updated_at: Timestamp::UNIX_EPOCH,
            email: None,
            email_verified: None,
            phone_number: None,
            phone_number_verified: None,
            preferred_username: None,
            external_id: None,
            attributes: Attributes::default(),
            custom_attributes: Attributes::default(),
            roles: vec![],
            groups: vec![],
            disabled: false,
            account_valid_from: None,
            account_valid_until: None,
            password: None,
            mfa: Mfa { email: None, phone_number: None, password: None, totp: false },
        }
    }

    #[test]
    fn a_bare_user_shows_what_is_always_there() {
        assert_eq!(
            serde_json::to_string(&user()).unwrap(),
            r#"{"id":"00000000-0000-0000-0000-000000000000","created_at":"2024-04-04T06:56:36.025Z","#.to_owned()
                + r#""updated_at":"1970-01-01T00:00:00Z","custom_attributes":{},"roles":[],"groups":[],"disabled":false}"#
        );
    }

    #[test]
    fn attributes_stand_among_the_others_to_the_byte() {
        let Members(attributes) =
            Members::parse(br#"{"name":"A\u0062","address":{"locality" : "x"}}"#).unwrap();
        let Members(custom) = Members::parse(br#"{"n":1.50,"nothing":null}"#).unwrap();
        let mark = |until: Option<&str>| {
            Some(SecretMark {
                r#type: "bcrypt".into(),
                expire_after: until.map(|at| at.parse().unwrap()),
            })
        };
        let full = User {
            attributes: Attributes(attributes),
            custom_attributes: Attributes(custom),
            password: mark(Some("2030-01-01T00:00:00Z")),
            mfa: Mfa { email: None, phone_number: None, password: mark(None), totp: true },
            ..user()
        };
        let text = serde_json::to_string(&full).unwrap();
        for part in [
            r#","name":"A\u0062","address":{"locality" : "x"},"custom_attributes":{"n":1.50,"nothing":null},"#,
            r#","password":{"type":"bcrypt","expire_after":"2030-01-01T00:00:00Z"},"#,
            r#","mfa":{"password":{"type":"bcrypt"},"totp":true}}"#,
        ] {
            assert!(text.contains(part), "{text}");
        }
    }
}
