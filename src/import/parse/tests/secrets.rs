//! `password` and `mfa`: what they take, and that no cause repeats what stood there.

use super::*;
use crate::import::record::Given;

const HASH: &str = "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";

#[test]
fn secrets_are_read() {
    let record = with(&format!(
        r#""password":{{"type":"bcrypt","password_hash":"{HASH}","expire_after":"2030-01-01T00:00:00Z"}},
        "mfa":{{"email":"M@Bücher.example","phone_number":"+852 9876 5432",
        "password":{{"type":"bcrypt","password_hash":"{HASH}"}},"totp":{{"secret":"jbsw y3dp="}}}}"#
    ))
    .expect("sound");
    let password = record.password.expect("a password");
    assert_eq!(password.hash.0, HASH);
    assert!(password.expire_after.is_some());
    assert_eq!(record.mfa.email, Given::Value("m@bücher.example".to_owned()));
    assert_eq!(record.mfa.phone_number, Given::Value("+85298765432".to_owned()));
    assert_eq!(record.mfa.password.expect("a password").hash.0, HASH);
    assert_eq!(record.mfa.totp_secret.expect("a secret").0, "JBSWY3DP");
    let nulls = with(r#""mfa":{"email":null,"phone_number":null}"#).expect("sound");
    assert_eq!((nulls.mfa.email, nulls.mfa.phone_number), (Given::Null, Given::Null));
}

#[test]
fn a_broken_hash_is_no_fault_of_the_schema() {
    for hash in ["", "hunter2", "$2x$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"] {
        let password = format!(r#"{{"type":"bcrypt","password_hash":"{hash}"}}"#);
        let members = format!(
            r#""mfa":{{"password":{password}}},"password":{password},
            "account_valid_from":"2024-01-02T00:00:00Z","account_valid_until":"2024-01-01T00:00:00Z""#
        );
        let faults = with(&members).expect("the schema holds").faults;
        let reasons: Vec<_> =
            faults.iter().map(|fault| (fault.name, fault.reason, fault.code)).collect();
        assert_eq!(
            reasons,
            [
                ("Invalid", "InvalidPasswordHash", 400),
                ("Invalid", "InvalidAccountValidPeriod", 400)
            ]
        );
        assert!(hash.is_empty() || !format!("{faults:?}").contains(hash));
    }
    // Where the schema is broken too, it alone is told.
    let members = r#""name":1,"password":{"type":"bcrypt","password_hash":"x"}"#;
    assert_causes(members, &[("/name", "type")]);
}

const BROKEN: &[(&str, &[(&str, &str)])] = &[
    (r#""password":"hunter2""#, &[("/password", "type")]),
    (r#""password":null"#, &[("/password", "type")]),
    (r#""password":["hunter2"]"#, &[("/password", "type")]),
    (r#""password":{}"#, &[("/password", "required")]),
    (r#""password":{"type":"hunter2","password_hash":"x"}"#, &[("/password/type", "enum")]),
    (r#""password":{"type":1,"password_hash":"x"}"#, &[("/password/type", "type")]),
    (
        r#""password":{"type":"bcrypt","password_hash":null}"#,
        &[("/password/password_hash", "type")],
    ),
    (
        r#""password":{"type":"bcrypt","password_hash":"x","expire_after":"hunter2"}"#,
        &[("/password/expire_after", "format")],
    ),
    (
        r#""password":{"type":"bcrypt","password_hash":"x","expire_after":null}"#,
        &[("/password/expire_after", "type")],
    ),
    (
        r#""password":{"type":"bcrypt","password_hash":"x","hunter2":1}"#,
        &[("/password", "additionalProperties")],
    ),
    (
        r#""password":{"type":"bcrypt","password_hash":"x","hunter2":1,"hunter2":1}"#,
        &[
            ("/password", "duplicateKey"),
            ("/password", "additionalProperties"),
            ("/password", "additionalProperties"),
        ],
    ),
    (
        r#""password":{"type":"bcrypt","password_hash":{"hunter2":"\u0000"}}"#,
        &[("/password/password_hash", "pattern"), ("/password/password_hash", "type")],
    ),
    (r#""mfa":null"#, &[("/mfa", "type")]),
    (r#""mfa":"hunter2""#, &[("/mfa", "type")]),
    (r#""mfa":{"hunter2":1}"#, &[("/mfa", "additionalProperties")]),
    (r#""mfa":{"email":"hunter2"}"#, &[("/mfa/email", "format")]),
    (r#""mfa":{"email":""}"#, &[("/mfa/email", "minLength")]),
    (r#""mfa":{"phone_number":"hunter2"}"#, &[("/mfa/phone_number", "format")]),
    (r#""mfa":{"phone_number":""}"#, &[("/mfa/phone_number", "minLength")]),
    (r#""mfa":{"password":null}"#, &[("/mfa/password", "type")]),
    (
        r#""mfa":{"password":{"hunter2":1}}"#,
        &[("/mfa/password", "required"), ("/mfa/password", "additionalProperties")],
    ),
    (r#""mfa":{"totp":null}"#, &[("/mfa/totp", "type")]),
    (r#""mfa":{"totp":{}}"#, &[("/mfa/totp", "required")]),
    (r#""mfa":{"totp":{"secret":"hunter1"}}"#, &[("/mfa/totp/secret", "format")]),
    (r#""mfa":{"totp":{"secret":" ="}}"#, &[("/mfa/totp/secret", "minLength")]),
    (
        r#""mfa":{"totp":{"secret":"A","hunter2":[{"hunter2":1,"hunter2":2}]}}"#,
        &[("/mfa/totp", "duplicateKey"), ("/mfa/totp", "additionalProperties")],
    ),
];

#[test]
fn causes_below_secrets_point_at_the_object_and_repeat_nothing() {
    for (members, expected) in BROKEN {
        assert_causes(members, expected);
        let told = format!("{:?}", with(members));
        assert!(!told.contains("hunter") && !told.contains("actual"), "{told}");
    }
}

#[test]
fn debug_hides_what_a_log_may_not_show() {
    let record = with(&format!(r#""password":{{"type":"bcrypt","password_hash":"{HASH}"}}"#));
    assert!(!format!("{record:?}").contains(HASH));
}
