//! From a row of the directory to a [`User`].

use serde_json::value::RawValue;
use tokio_postgres::Row;

use super::Error;
use crate::import::record::{LoginId, PerIdentifier};
use crate::import::user::{Attributes, SecretMark, User};

/// Reads a row of `probe.sql`, column by column in its order.
pub fn user(row: &Row) -> Result<User, Error> {
    Ok(User {
        id: row.get(0),
        version: row.get(1),
        login_ids: PerIdentifier {
            email: login_id(row, 2),
            phone_number: login_id(row, 5),
            preferred_username: login_id(row, 8),
            external_id: login_id(row, 10),
        },
        email_verified: row.get(4),
        phone_number_verified: row.get(7),
        attributes: attributes(row.get(12))?,
        custom_attributes: attributes(row.get(13))?,
        roles: row.get(14),
        groups: row.get(15),
        disabled: row.get(16),
        account_valid_from: row.get(17),
        account_valid_until: row.get(18),
        mfa_email: row.get(19),
        mfa_phone_number: row.get(20),
        password: secret_mark(row, 21),
        mfa_password: secret_mark(row, 23),
        has_totp: row.get(25),
    })
}

fn login_id(row: &Row, key: usize) -> Option<LoginId> {
    let value = row.get(key + 1);
    row.get::<_, Option<String>>(key).map(|key| LoginId { key, value })
}

fn secret_mark(row: &Row, kind: usize) -> Option<SecretMark> {
    let expire_after = row.get(kind + 1);
    row.get::<_, Option<String>>(kind).map(|kind| SecretMark { kind, expire_after })
}

fn attributes(json: Option<&str>) -> Result<Attributes, Error> {
    let Some(json) = json else {
        return Ok(Attributes::new());
    };
    serde_json::from_str::<Object>(json).map(|object| object.0).map_err(|_| Error::Damaged)
}

/// A JSON object whose values stay as they are, in their order.
struct Object(Attributes);

impl<'de> serde::Deserialize<'de> for Object {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> serde::de::Visitor<'de> for Members {
            type Value = Object;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Object, A::Error> {
                let mut members = Attributes::new();
                while let Some(member) = map.next_entry::<String, Box<RawValue>>()? {
                    members.push((member.0.into(), Box::<str>::from(member.1).into()));
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}
