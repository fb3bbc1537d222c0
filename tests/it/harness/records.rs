//! Records with secrets that can be recognised wherever they turn up.

use std::ops::Range;

use serde_json::{Value, json};

/// Stands in every secret that the tests import, and in nothing else.
pub const CANARY: &str = "CANARY";

/// A well-formed bcrypt hash of no password, with the canary in its salt and in its hash.
pub fn bcrypt_hash(number: usize) -> String {
    format!("$2b$10$CANARYsaltCANARYsaltCuCANARYhashCANARY{:014}.", number % 100_000_000)
}

/// A user with an email address and a password.
pub fn plain(number: usize) -> Value {
    json!({
        "email": format!("user{number}@example.com"),
        "password": {"type": "bcrypt", "password_hash": bcrypt_hash(number)},
    })
}

/// A user with everything.
pub fn full(number: usize) -> Value {
    json!({
        "email": format!("Full.User{number}@Example.com"), "email_verified": true,
        "phone_number": format!("+4366412{number:05}"), "phone_number_verified": true,
        "preferred_username": format!("full_user{number}"), "external_id": format!("legacy {number}"),
        "name": format!("Full User {number}"), "given_name": "Full", "family_name": "User",
        "nickname": "fu", "profile": "https://example.com/profile", "picture": "https://example.com/p.png",
        "website": "https://example.com/", "gender": "x", "birthdate": "1990-02-28",
        "zoneinfo": "Europe/Vienna", "locale": "de-AT",
        "address": {"formatted": "Ring 1\nWien", "locality": "Wien", "country": "AT"},
        "custom_attributes": {"member_id": number.to_string(), "score": 1.50},
        "roles": ["reader", "writer"], "groups": ["staff"],
        "disabled": false,
        "account_valid_from": "2020-01-01T00:00:00Z", "account_valid_until": "2040-01-01T00:00:00Z",
        "password": {"type": "bcrypt", "password_hash": bcrypt_hash(number), "expire_after": "2039-01-01T00:00:00Z"},
        "mfa": {
            "email": format!("mfa{number}@example.com"), "phone_number": format!("+4366413{number:05}"),
            "password": {"type": "bcrypt", "password_hash": bcrypt_hash(number)},
            "totp": {"secret": "CANARYTOTPCANARYTOTPCANARY234567"},
        },
    })
}

/// Plain users as NDJSON.
pub fn lines(numbers: Range<usize>) -> String {
    numbers.map(|number| plain(number).to_string() + "\n").collect()
}
