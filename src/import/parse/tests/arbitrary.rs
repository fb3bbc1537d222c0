//! Whatever is sent: nothing panics, nothing secret is told, and intake sees the same keys.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::import::redact::redact;

const NAMES: [&str; 16] = [
    "email",
    "phone_number",
    "external_id",
    "name",
    "address",
    "region",
    "custom_attributes",
    "roles",
    "password",
    "p\\u0061ssword",
    "type",
    "password_hash",
    "expire_after",
    "mfa",
    "totp",
    "secret",
];

const STRINGS: [&str; 14] = [
    "a@b.c",
    " A@B.c",
    "+85298765432",
    "bcrypt",
    "2024-01-01T00:00:00Z",
    "",
    "\\u0000",
    "\\ud83d\\ude00",
    "\\ud800",
    "\\\\u0000",
    "\\\"",
    "JBSWY3DP",
    "é",
    "https://a.b/",
];

/// JSON as a careless or hostile client spells it; `hunter2` is what must not come back from
/// below `password` and `mfa`.
fn json() -> impl Strategy<Value = String> {
    let string = select(&STRINGS[..]).prop_map(|text| format!("\"{text}\""));
    let scalar = prop_oneof![
        4 => string,
        2 => Just("\"hunter2\"".to_owned()),
        1 => select(vec!["null", "true", "-0.50E+3", "1e999", "[]", "{}"]).prop_map(str::to_owned),
    ];
    scalar.prop_recursive(4, 24, 6, |inner| {
        prop_oneof![
            1 => proptest::collection::vec(inner.clone(), 0..4).prop_map(|list| format!("[{}]", list.join(" ,\n"))),
            4 => object(inner),
        ]
    })
}

fn object(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let name = prop_oneof![8 => select(&NAMES[..]), 1 => Just("hunter2")];
    let member = (name, value).prop_map(|(name, value)| format!("\"{name}\" : {value}"));
    proptest::collection::vec(member, 0..7)
        .prop_map(|members| format!("{{{}}}", members.join(",\r\n")))
}

/// Everything at and below `password` and `mfa`, as JSON; empty where there is nothing.
fn secret_part(json: &str) -> String {
    let parsed: Value = serde_json::from_str(json).unwrap_or_default();
    [&parsed["password"], &parsed["mfa"]].map(Value::to_string).join(" ")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_record_is_read_safely(json in object(json()), identifier in select(&Identifier::ALL[..])) {
        let settings = Settings::default();
        let record = parse(json.as_bytes(), identifier, &settings).record;
        prop_assert_eq!(parse(json.as_bytes(), identifier, &settings).echo, redact(json.as_bytes()));
        if let Some(echo) = redact(json.as_bytes()) {
            prop_assert!(!echo.contains(['\n', '\r']));
            prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(&echo).is_ok(), "{}", echo);
            prop_assert!(!secret_part(&echo).contains("hunter2"), "{}", echo);
        }
        match record {
            Ok(record) => {
                let keys = login_ids(json.as_bytes(), &settings);
                for which in Identifier::ALL {
                    let key = match record.login_ids.get(which) {
                        crate::import::record::Given::Value(login_id) => Some(&login_id.key),
                        _ => None,
                    };
                    prop_assert_eq!(keys.get(which).as_ref(), key);
                    let alone = key_of(json.as_bytes(), which, &settings);
                    prop_assert_eq!(alone.as_ref(), key);
                }
            }
            Err(faults) => {
                prop_assert_eq!(faults.len(), 1);
                for cause in faults[0].info["causes"].as_array().into_iter().flatten() {
                    let location = cause["location"].as_str().unwrap_or_default();
                    let is_secret = matches!(location.split('/').nth(1), Some("password" | "mfa"));
                    prop_assert!(!is_secret || !cause.to_string().contains("hunter2"), "{}", cause);
                }
            }
        }
    }

    #[test]
    fn any_bytes_are_read_safely(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let settings = Settings::default();
        let _ = parse(&bytes, Identifier::Email, &settings);
        let is_object = bytes.contains(&b'{');
        prop_assert!(is_object || redact(&bytes).is_none());
        let _ = login_ids(&bytes, &settings);
    }
}
