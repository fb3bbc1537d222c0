//! The few values that the records of the property test are made of, and what each means.
//!
//! Few, so that records meet: three users' worth of each login id in several spellings. What a
//! spelling means stands beside it, taken from the contract and never computed by the product.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

pub const LOGIN_IDS: [&str; 4] = ["email", "phone_number", "preferred_username", "external_id"];

/// A login id: what it is compared by, and what is shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id {
    pub key: String,
    pub shown: String,
}

#[derive(Debug, Clone, Copy, Default)]
pub struct Settings {
    pub email_case_sensitive: bool,
    pub email_ignore_dot_sign: bool,
    pub username_case_sensitive: bool,
    /// `unknown_roles_and_groups=existing`.
    pub keys_must_exist: bool,
}

/// What a text says where a login id belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    Id(Id),
    /// The keyword that it breaks.
    Fault(&'static str),
}

/// Spelling, local part before folding, domain as shown, domain as compared.
const EMAILS: [(&str, &str, &str, &str); 9] = [
    ("ann@example.com", "ann", "example.com", "example.com"),
    (" Ann@Example.COM ", "Ann", "example.com", "example.com"),
    ("\u{ff41}nn@example.com", "ann", "example.com", "example.com"),
    ("a.nn@example.com", "a.nn", "example.com", "example.com"),
    ("bob@fa\u{df}.de", "bob", "fa\u{df}.de", "xn--fa-hia.de"),
    ("BOB@xn--fa-hia.de", "BOB", "fa\u{df}.de", "xn--fa-hia.de"),
    ("cee@x.test", "cee", "x.test", "x.test"),
    ("CEE@X.TEST", "CEE", "x.test", "x.test"),
    ("c.ee@x.test", "c.ee", "x.test", "x.test"),
];
const PHONES: [(&str, &str); 6] = [
    ("+85298765432", "+85298765432"),
    ("+852 9876-5432", "+85298765432"),
    ("+14155552671", "+14155552671"),
    (" +1 (415) 555-2671", "+14155552671"),
    ("+442071838750", "+442071838750"),
    ("+44 20 7183 8750 ", "+442071838750"),
];
/// Spelling and form before folding.
const USERNAMES: [(&str, &str); 6] = [
    ("ann", "ann"),
    (" ANN", "ANN"),
    ("\u{ff41}nn", "ann"),
    ("bob_1", "bob_1"),
    ("Bob_1", "Bob_1"),
    ("cee-2", "cee-2"),
];
/// Each another user's: compared as they are.
const EXTERNAL_IDS: [&str; 4] = ["1", "01", " 1", "A"];

const EMAIL_FAULTS: [(&str, &str); 3] =
    [("", "minLength"), ("nobody", "format"), ("Ann <ann@example.com>", "format")];
const PHONE_FAULTS: [(&str, &str); 2] = [("", "minLength"), ("98765432", "format")];
const USERNAME_FAULTS: [(&str, &str); 3] = [
    (" ", "minLength"),
    ("two words", "format"),
    ("a2345678901234567890123456789012345678901", "maxLength"),
];
const EXTERNAL_ID_FAULTS: [(&str, &str); 2] = [("", "minLength"), ("a\u{7}", "format")];

/// What a text of the universe means as a login id of this type.
pub fn meaning(settings: Settings, which: &str, text: &str) -> Meaning {
    let faults: &[(&str, &'static str)] = match which {
        "email" => &EMAIL_FAULTS,
        "phone_number" => &PHONE_FAULTS,
        "preferred_username" => &USERNAME_FAULTS,
        _ => &EXTERNAL_ID_FAULTS,
    };
    if let Some((_, kind)) = faults.iter().find(|(spelled, _)| *spelled == text) {
        return Meaning::Fault(kind);
    }
    let same = |text: &str| Id { key: text.to_owned(), shown: text.to_owned() };
    let folded = |text: &str, is_sensitive: bool| {
        if is_sensitive { text.to_owned() } else { text.to_lowercase() }
    };
    Meaning::Id(match which {
        "email" => {
            let email = EMAILS.iter().find(|(spelled, ..)| *spelled == text);
            let (_, local, shown, key) = email.expect("an email of the universe");
            let mut local = folded(local, settings.email_case_sensitive);
            if settings.email_ignore_dot_sign {
                local = local.replace('.', "");
            }
            Id { key: format!("{local}@{key}"), shown: format!("{local}@{shown}") }
        }
        "phone_number" => {
            let phone = PHONES.iter().find(|(spelled, _)| *spelled == text);
            same(phone.expect("a phone number of the universe").1)
        }
        "preferred_username" => {
            let username = USERNAMES.iter().find(|(spelled, _)| *spelled == text);
            let (_, form) = username.expect("a username of the universe");
            same(&folded(form, settings.username_case_sensitive))
        }
        _ => same(text),
    })
}

/// Spelling and what the API shows; in time's order.
const INSTANTS: [(&str, &str); 3] = [
    ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
    ("2025-01-01T08:00:00+08:00", "2025-01-01T00:00:00Z"),
    ("2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00.5Z"),
];

/// A time of the universe as the API shows it.
pub fn instant(value: &Value) -> Option<&'static str> {
    let text = value.as_str()?;
    INSTANTS.iter().find(|(spelled, _)| *spelled == text).map(|(_, shown)| *shown)
}

const HASH: &str = "$2b$10$CANARYsaltCANARYsaltCuCANARYhashCANARY00000000000001.";
const BROKEN_HASH: &str = "$2x$10$CANARYsaltCANARYsaltCuCANARYhashCANARY00000000000001.";

pub fn is_hash(value: &Value) -> bool {
    value == HASH
}

/// The texts that a login id of this type can have in a record, the plain ones more often.
fn spellings(which: &'static str) -> BoxedStrategy<Value> {
    let (sound, broken): (Vec<&str>, Vec<&str>) = match which {
        "email" => (
            EMAILS.iter().map(|email| email.0).collect(),
            EMAIL_FAULTS.iter().map(|fault| fault.0).collect(),
        ),
        "phone_number" => (
            PHONES.iter().map(|phone| phone.0).collect(),
            PHONE_FAULTS.iter().map(|fault| fault.0).collect(),
        ),
        "preferred_username" => (
            USERNAMES.iter().map(|username| username.0).collect(),
            USERNAME_FAULTS.iter().map(|fault| fault.0).collect(),
        ),
        _ => (EXTERNAL_IDS.to_vec(), EXTERNAL_ID_FAULTS.iter().map(|fault| fault.0).collect()),
    };
    prop_oneof![
        40 => select(sound).prop_map(|text| json!(text)),
        4 => Just(Value::Null),
        1 => select(broken).prop_map(|text| json!(text)),
        1 => Just(json!(7)),
    ]
    .boxed()
}

/// Members beside the login ids: name and value, most of them sound.
fn members() -> Vec<(&'static str, Value)> {
    let hash = json!({"type": "bcrypt", "password_hash": HASH});
    let broken_hash = json!({"type": "bcrypt", "password_hash": BROKEN_HASH});
    let mut members = Vec::new();
    for (name, values) in [
        ("email_verified", vec![json!(true), json!(false)]),
        ("phone_number_verified", vec![json!(true), json!(false)]),
        ("disabled", vec![json!(true), json!(false)]),
        ("account_valid_from", INSTANTS.iter().map(|time| json!(time.0)).collect()),
        ("account_valid_until", INSTANTS.iter().map(|time| json!(time.0)).collect()),
        ("name", vec![json!("Ann"), json!("\u{e4}\n\""), Value::Null, json!("")]),
        ("nickname", vec![json!("a"), json!("b"), Value::Null]),
        ("website", vec![json!("https://example.com/"), json!(""), Value::Null]),
        ("birthdate", vec![json!("2000-02-29"), json!("--12-31")]),
        ("zoneinfo", vec![json!("Europe/Vienna")]),
        ("locale", vec![json!("de-AT")]),
        (
            "address",
            vec![
                json!({"locality": "Wien", "country": "AT"}),
                json!({"country": "HK", "region": null, "locality": ""}),
                json!({"country": ""}),
                json!({}),
                Value::Null,
            ],
        ),
        (
            "custom_attributes",
            vec![
                json!({"a": 1}),
                json!({"a": null, "b": [true, null]}),
                json!({"b": ""}),
                json!({}),
            ],
        ),
        ("roles", vec![json!([]), json!(["reader"]), json!(["writer", "reader", "writer"])]),
        ("groups", vec![json!([]), json!(["staff"]), json!(["unheard-of"])]),
        ("password", vec![hash.clone(), broken_hash.clone()]),
        (
            "mfa",
            vec![
                json!({"email": " Ann@Example.COM ", "phone_number": "+852 9876-5432"}),
                json!({"email": null, "phone_number": null}),
                json!({"password": hash, "totp": {"secret": "abcd efgh="}}),
                json!({"password": broken_hash}),
                json!({}),
            ],
        ),
    ] {
        members.extend(values.into_iter().map(|value| (name, value)));
    }
    members
}

/// The same, broken.
fn broken_members() -> Vec<(&'static str, Value)> {
    vec![
        ("nope", json!(1)),
        ("email_verified", json!("true")),
        ("disabled", Value::Null),
        ("account_valid_from", json!("2024-13-01T00:00:00Z")),
        ("account_valid_until", Value::Null),
        ("name", json!(5)),
        ("website", json!("example.com")),
        ("birthdate", json!("2001-02-29")),
        ("zoneinfo", json!("Vienna")),
        ("locale", json!("de_AT")),
        ("address", json!({"planet": "Earth"})),
        ("address", json!([])),
        ("custom_attributes", json!([1])),
        ("roles", json!(["", 1])),
        ("groups", Value::Null),
        ("password", Value::Null),
        ("password", json!({"type": "md5"})),
        ("mfa", json!({"email": "nobody", "totp": {"secret": "1"}, "sms": 1})),
        ("mfa", json!([])),
    ]
}

/// A record: login ids, members beside them, seldom something broken. Mostly with the task's
/// identifier.
pub fn record(identifier: &'static str) -> impl Strategy<Value = Map<String, Value>> {
    let id = |which: &'static str| {
        let often = if which == identifier { 0.98 } else { 0.4 };
        proptest::option::weighted(often, spellings(which))
            .prop_map(move |value| value.map(|value| (which, value)))
    };
    let sound = proptest::collection::vec(select(members()), 0..5);
    let broken = proptest::option::weighted(0.05, select(broken_members()));
    (LOGIN_IDS.map(id), sound, broken).prop_map(|(ids, sound, broken)| {
        let members = ids.into_iter().flatten().chain(sound).chain(broken);
        members.map(|(name, value)| (name.to_owned(), value)).collect()
    })
}
