//! The table of record.md, written out: each field as a value and as null, inserted and updated.
//!
//! A row says what is sent beside the identifier. What it leaves is written as a change of the
//! user that was there before, a bare one or the one of [`OLD`]: each member named takes the
//! place of the old one whole, null takes it away, and a dot reaches into an object. `#` stands
//! for the user's number.

/// What becomes of a record.
#[derive(Debug, Clone, Copy)]
pub enum Seen {
    /// The user's changes, and the warnings word for word.
    Shows(&'static str, &'static [&'static str]),
    /// A broken schema: the member that is to blame, by its type.
    WrongType(&'static str),
    /// The reason of a failed record.
    Fails(&'static str),
}

use Seen::{Fails, Shows, WrongType};

/// What is sent, what it inserts, and what it makes of the user of [`OLD`].
pub type Row = (&'static str, Seen, Seen);

/// Every field. By `external_id` and by `email` it is another one's turn to be the identifier.
pub const OLD: &str = r#"{
    "email": "old#@example.com", "email_verified": true,
    "phone_number": "+4366410#", "phone_number_verified": true,
    "preferred_username": "old#", "external_id": "old #",
    "name": "Old", "given_name": "Old", "family_name": "Old", "middle_name": "Old",
    "nickname": "Old", "gender": "old", "profile": "https://old.example.com/profile",
    "picture": "https://old.example.com/p.png", "website": "https://old.example.com/",
    "birthdate": "1990-02-28", "zoneinfo": "Europe/Vienna", "locale": "de-AT",
    "address": {"locality": "Old", "country": "AT"},
    "custom_attributes": {"kept": "old", "changed": "old"},
    "roles": ["old", "older"], "groups": ["old"], "disabled": true,
    "account_valid_from": "2020-01-01T00:00:00Z", "account_valid_until": "2040-01-01T00:00:00Z",
    "password": {"type": "bcrypt", "password_hash": "$2b$10$CANARYsaltCANARYsaltCuCANARYhashCANARY000000000#.",
        "expire_after": "2039-01-01T00:00:00Z"},
    "mfa": {"email": "mfa.old#@example.com", "phone_number": "+4366411#",
        "password": {"type": "bcrypt", "password_hash": "$2b$10$CANARYsaltCANARYsaltCuCANARYhashCANARY000000000#."},
        "totp": {"secret": "CANARYTOTPCANARYTOTPCANARY234567"}}}"#;

/// A user that says nothing but its identifier, as it is shown.
pub const BARE: &str = r#"{"custom_attributes": {}, "roles": [], "groups": [], "disabled": false}"#;

/// Strings that null or an empty string takes away: each with another value.
pub const STANDARD: [(&str, &str); 12] = [
    ("name", "New \u{1f980}"),
    ("given_name", "New"),
    ("family_name", "New"),
    ("middle_name", " "),
    ("nickname", "New"),
    ("gender", "new"),
    ("profile", "https://new.example.com/"),
    ("picture", "http://new.example.com/p.png"),
    ("website", "ftp://new.example.com/"),
    ("birthdate", "--02-29"),
    ("zoneinfo", "America/Argentina/Buenos_Aires"),
    ("locale", "zh-Hant-TW"),
];

/// The identifier is `external_id`.
pub const ROWS: &[Row] = &[
    // Absent means untouched.
    ("{}", Shows("{}", &[]), Shows("{}", &[])),
    // Login ids; the old value's verified mark goes with it, unless the key is the same.
    (
        r#"{"email": "New#@Example.com"}"#,
        Shows(r#"{"email": "new#@example.com", "email_verified": false}"#, &[]),
        Shows(r#"{"email": "new#@example.com", "email_verified": false}"#, &[]),
    ),
    (
        r#"{"email": " OLD#@EXAMPLE.com"}"#,
        Shows(r#"{"email": "old#@example.com", "email_verified": false}"#, &[]),
        Shows("{}", &[]),
    ),
    (
        r#"{"email": null}"#,
        Shows("{}", &["email = null has no effect in insert."]),
        Shows(r#"{"email": null, "email_verified": null}"#, &[]),
    ),
    (
        r#"{"phone_number": "+43 664 12 #"}"#,
        Shows(r#"{"phone_number": "+4366412#", "phone_number_verified": false}"#, &[]),
        Shows(r#"{"phone_number": "+4366412#", "phone_number_verified": false}"#, &[]),
    ),
    (
        r#"{"phone_number": "+43 664 10-#"}"#,
        Shows(r#"{"phone_number": "+4366410#", "phone_number_verified": false}"#, &[]),
        Shows("{}", &[]),
    ),
    (
        r#"{"phone_number": null}"#,
        Shows("{}", &["phone_number = null has no effect in insert."]),
        Shows(r#"{"phone_number": null, "phone_number_verified": null}"#, &[]),
    ),
    (
        r#"{"preferred_username": "New#"}"#,
        Shows(r#"{"preferred_username": "new#"}"#, &[]),
        Shows(r#"{"preferred_username": "new#"}"#, &[]),
    ),
    (
        r#"{"preferred_username": null}"#,
        Shows("{}", &["preferred_username = null has no effect in insert."]),
        Shows(r#"{"preferred_username": null}"#, &[]),
    ),
    // Verified marks are said of the value in the same record.
    (
        r#"{"email": "new#@example.com", "email_verified": true}"#,
        Shows(r#"{"email": "new#@example.com", "email_verified": true}"#, &[]),
        Shows(r#"{"email": "new#@example.com", "email_verified": true}"#, &[]),
    ),
    (
        r#"{"email": "old#@example.com", "email_verified": false}"#,
        Shows(
            r#"{"email": "old#@example.com", "email_verified": false}"#,
            &["email_verified = false has no effect in insert."],
        ),
        Shows(r#"{"email_verified": false}"#, &[]),
    ),
    (
        r#"{"email_verified": true}"#,
        Shows("{}", &["email_verified = true has no effect when email is absent."]),
        Shows("{}", &["email_verified has no effect when email is absent."]),
    ),
    (
        r#"{"email_verified": false}"#,
        Shows("{}", &["email_verified = false has no effect in insert."]),
        Shows("{}", &["email_verified has no effect when email is absent."]),
    ),
    (
        r#"{"email": null, "email_verified": true}"#,
        Shows(
            "{}",
            &[
                "email = null has no effect in insert.",
                "email_verified = true has no effect when email is absent.",
            ],
        ),
        Shows(
            r#"{"email": null, "email_verified": null}"#,
            &["email_verified has no effect when email = null."],
        ),
    ),
    (r#"{"email_verified": null}"#, WrongType("/email_verified"), WrongType("/email_verified")),
    (
        r#"{"phone_number": "+4366412#", "phone_number_verified": true}"#,
        Shows(r#"{"phone_number": "+4366412#", "phone_number_verified": true}"#, &[]),
        Shows(r#"{"phone_number": "+4366412#", "phone_number_verified": true}"#, &[]),
    ),
    (
        r#"{"phone_number": "+4366410#", "phone_number_verified": false}"#,
        Shows(
            r#"{"phone_number": "+4366410#", "phone_number_verified": false}"#,
            &["phone_number_verified = false has no effect in insert."],
        ),
        Shows(r#"{"phone_number_verified": false}"#, &[]),
    ),
    (
        r#"{"phone_number_verified": true}"#,
        Shows("{}", &["phone_number_verified = true has no effect when phone_number is absent."]),
        Shows("{}", &["phone_number_verified has no effect when phone_number is absent."]),
    ),
    (
        r#"{"phone_number_verified": false}"#,
        Shows("{}", &["phone_number_verified = false has no effect in insert."]),
        Shows("{}", &["phone_number_verified has no effect when phone_number is absent."]),
    ),
    (
        r#"{"phone_number": null, "phone_number_verified": true}"#,
        Shows(
            "{}",
            &[
                "phone_number = null has no effect in insert.",
                "phone_number_verified = true has no effect when phone_number is absent.",
            ],
        ),
        Shows(
            r#"{"phone_number": null, "phone_number_verified": null}"#,
            &["phone_number_verified has no effect when phone_number = null."],
        ),
    ),
    (
        r#"{"phone_number_verified": null}"#,
        WrongType("/phone_number_verified"),
        WrongType("/phone_number_verified"),
    ),
    // A login id that belongs to somebody else.
    (
        r#"{"name": "New", "phone_number": "+43 664 19 00000"}"#,
        Fails("DuplicatedIdentity"),
        Fails("DuplicatedIdentity"),
    ),
];

/// The identifier is `email`.
pub const ROWS_BY_EMAIL: &[Row] = &[
    (
        r#"{"external_id": " New #"}"#,
        Shows(r#"{"external_id": " New #"}"#, &[]),
        Shows(r#"{"external_id": " New #"}"#, &[]),
    ),
    (
        r#"{"external_id": null}"#,
        Shows("{}", &["external_id = null has no effect in insert."]),
        Shows(r#"{"external_id": null}"#, &[]),
    ),
    // Of the identifier itself only what does not concern who it is.
    (r#"{"email_verified": true}"#, Shows(r#"{"email_verified": true}"#, &[]), Shows("{}", &[])),
    (
        r#"{"email_verified": false}"#,
        Shows("{}", &["email_verified = false has no effect in insert."]),
        Shows(r#"{"email_verified": false}"#, &[]),
    ),
    (r#"{"email": null}"#, WrongType("/email"), WrongType("/email")),
];
