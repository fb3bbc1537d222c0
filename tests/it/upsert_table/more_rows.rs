//! The second half of the table: what is no login id. The identifier is `external_id`.

use super::rows::Row;
use super::rows::Seen::{Fails, Shows, WrongType};

/// A well-formed hash of another password than the old user's.
const PASSWORD: &str = r#"{"password": {"type": "bcrypt", "password_hash":
    "$2a$04$CANARYsaltCANARYsaltCuCANARYhashCANARYNEWNEWNEWNEWNE."}}"#;
const MFA_PASSWORD: &str = r#"{"mfa": {"password": {"type": "bcrypt", "password_hash":
    "$2a$04$CANARYsaltCANARYsaltCuCANARYhashCANARYNEWNEWNEWNEWNE."}}}"#;
const NO_HASH: &str = r#"{"password": {"type": "bcrypt", "password_hash": "$2x$CANARY"}}"#;

pub const MORE_ROWS: &[Row] = &[
    // The address is replaced whole, never merged; an address that says nothing is null.
    (
        r#"{"address": {"locality": "New", "region": ""}}"#,
        Shows(r#"{"address": {"locality": "New"}}"#, &[]),
        Shows(r#"{"address": {"locality": "New"}}"#, &[]),
    ),
    (r#"{"address": null}"#, Shows("{}", &[]), Shows(r#"{"address": null}"#, &[])),
    (r#"{"address": {}}"#, Shows("{}", &[]), Shows(r#"{"address": null}"#, &[])),
    (
        r#"{"address": {"locality": null, "country": ""}}"#,
        Shows("{}", &[]),
        Shows(r#"{"address": null}"#, &[]),
    ),
    // Custom attributes each for itself.
    (
        r#"{"custom_attributes": {"changed": {"deep": [1.50, null]}, "added": 1}}"#,
        Shows(r#"{"custom_attributes": {"changed": {"deep": [1.50, null]}, "added": 1}}"#, &[]),
        Shows(
            r#"{"custom_attributes.changed": {"deep": [1.50, null]}, "custom_attributes.added": 1}"#,
            &[],
        ),
    ),
    (
        r#"{"custom_attributes": {"changed": null, "unheard_of": null}}"#,
        Shows("{}", &[]),
        Shows(r#"{"custom_attributes.changed": null}"#, &[]),
    ),
    (
        r#"{"custom_attributes": {"changed": ""}}"#,
        Shows(r#"{"custom_attributes.changed": ""}"#, &[]),
        Shows(r#"{"custom_attributes.changed": ""}"#, &[]),
    ),
    (r#"{"custom_attributes": {}}"#, Shows("{}", &[]), Shows("{}", &[])),
    (
        r#"{"custom_attributes": null}"#,
        WrongType("/custom_attributes"),
        WrongType("/custom_attributes"),
    ),
    // The user's set becomes exactly this.
    (
        r#"{"roles": ["new", "old", "new"]}"#,
        Shows(r#"{"roles": ["new", "old"]}"#, &[]),
        Shows(r#"{"roles": ["new", "old"]}"#, &[]),
    ),
    (r#"{"roles": []}"#, Shows("{}", &[]), Shows(r#"{"roles": []}"#, &[])),
    (r#"{"roles": null}"#, WrongType("/roles"), WrongType("/roles")),
    (
        r#"{"groups": ["new"]}"#,
        Shows(r#"{"groups": ["new"]}"#, &[]),
        Shows(r#"{"groups": ["new"]}"#, &[]),
    ),
    (r#"{"groups": []}"#, Shows("{}", &[]), Shows(r#"{"groups": []}"#, &[])),
    (r#"{"groups": null}"#, WrongType("/groups"), WrongType("/groups")),
    // The account's status.
    (
        r#"{"disabled": false}"#,
        Shows("{}", &["disabled = false has no effect in insert."]),
        Shows(r#"{"disabled": false}"#, &[]),
    ),
    (r#"{"disabled": true}"#, Shows(r#"{"disabled": true}"#, &[]), Shows("{}", &[])),
    (r#"{"disabled": null}"#, WrongType("/disabled"), WrongType("/disabled")),
    (
        r#"{"account_valid_from": "2021-01-01T02:00:00+02:00"}"#,
        Shows(r#"{"account_valid_from": "2021-01-01T00:00:00Z"}"#, &[]),
        Shows(r#"{"account_valid_from": "2021-01-01T00:00:00Z"}"#, &[]),
    ),
    (
        r#"{"account_valid_from": null}"#,
        WrongType("/account_valid_from"),
        WrongType("/account_valid_from"),
    ),
    (
        r#"{"account_valid_until": "2041-01-01T00:00:00Z"}"#,
        Shows(r#"{"account_valid_until": "2041-01-01T00:00:00Z"}"#, &[]),
        Shows(r#"{"account_valid_until": "2041-01-01T00:00:00Z"}"#, &[]),
    ),
    (
        r#"{"account_valid_until": null}"#,
        WrongType("/account_valid_until"),
        WrongType("/account_valid_until"),
    ),
    // Together with the value already stored.
    (
        r#"{"account_valid_from": "2040-01-01T00:00:00Z"}"#,
        Shows(r#"{"account_valid_from": "2040-01-01T00:00:00Z"}"#, &[]),
        Fails("InvalidAccountValidPeriod"),
    ),
    (
        r#"{"account_valid_until": "2019-12-31T23:59:59Z"}"#,
        Shows(r#"{"account_valid_until": "2019-12-31T23:59:59Z"}"#, &[]),
        Fails("InvalidAccountValidPeriod"),
    ),
    // Addresses of the second factor.
    (
        r#"{"mfa": {"email": "MFA.New#@Example.com"}}"#,
        Shows(r#"{"mfa.email": "mfa.new#@example.com"}"#, &[]),
        Shows(r#"{"mfa.email": "mfa.new#@example.com"}"#, &[]),
    ),
    (
        r#"{"mfa": {"email": null}}"#,
        Shows("{}", &["mfa.email = null has no effect in insert."]),
        Shows(r#"{"mfa.email": null}"#, &[]),
    ),
    (
        r#"{"mfa": {"phone_number": "+43 664 13 #"}}"#,
        Shows(r#"{"mfa.phone_number": "+4366413#"}"#, &[]),
        Shows(r#"{"mfa.phone_number": "+4366413#"}"#, &[]),
    ),
    (
        r#"{"mfa": {"phone_number": null}}"#,
        Shows("{}", &["mfa.phone_number = null has no effect in insert."]),
        Shows(r#"{"mfa.phone_number": null}"#, &[]),
    ),
    (r#"{"mfa": {}}"#, Shows("{}", &[]), Shows("{}", &[])),
    (r#"{"mfa": null}"#, WrongType("/mfa"), WrongType("/mfa")),
    // Secrets are given once.
    (
        PASSWORD,
        Shows(r#"{"password": {"type": "bcrypt"}}"#, &[]),
        Shows("{}", &["password is ignored because the user exists already."]),
    ),
    (r#"{"password": null}"#, WrongType("/password"), WrongType("/password")),
    (NO_HASH, Fails("InvalidPasswordHash"), Fails("InvalidPasswordHash")),
    (
        MFA_PASSWORD,
        Shows(r#"{"mfa.password": {"type": "bcrypt"}}"#, &[]),
        Shows("{}", &["mfa.password is ignored because the user exists already."]),
    ),
    (r#"{"mfa": {"password": null}}"#, WrongType("/mfa/password"), WrongType("/mfa/password")),
    (
        r#"{"mfa": {"totp": {"secret": "canarytotp canarytotp canary765432"}}}"#,
        Shows(r#"{"mfa.totp": true}"#, &[]),
        Shows("{}", &["mfa.totp is ignored because the user exists already."]),
    ),
    (r#"{"mfa": {"totp": null}}"#, WrongType("/mfa/totp"), WrongType("/mfa/totp")),
];
