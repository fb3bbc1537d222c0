//! Each field with what it takes and what it refuses.

use super::*;
use crate::import::record::{Given, LoginId};

#[test]
fn a_bare_record_says_nothing_else() {
    let record = read(r#"{"email":"User@Example.com"}"#).expect("sound");
    let login_id = LoginId { key: "user@example.com".to_owned(), value: None };
    assert_eq!(record.login_ids.email, Given::Value(login_id));
    assert_eq!(record.login_ids.phone_number, Given::Absent);
    assert!(record.attributes.is_empty() && record.custom_attributes.is_empty());
    assert!(record.roles.is_none() && record.password.is_none() && record.faults.is_empty());
}

#[test]
fn login_ids_may_be_null_but_not_empty() {
    let record = with(r#""phone_number":null,"preferred_username":null,"external_id":null"#);
    let login_ids = record.expect("sound").login_ids;
    assert_eq!(login_ids.phone_number, Given::Null);
    assert_eq!(login_ids.preferred_username, Given::Null);
    assert_eq!(login_ids.external_id, Given::Null);
    for name in ["phone_number", "preferred_username", "external_id"] {
        let at = format!("/{name}");
        assert_causes(&format!("\"{name}\":\"\""), &[(&at, "minLength")]);
        assert_causes(&format!("\"{name}\":1"), &[(&at, "type")]);
        assert_causes(&format!("\"{name}\":\"\\n\\u0001\""), &[(&at, "format")]);
    }
    assert_causes(r#""preferred_username":"  ""#, &[("/preferred_username", "minLength")]);
    assert_causes(r#""external_id":"  ""#, &[]);
}

#[test]
fn booleans_times_and_sets_are_never_null() {
    for name in ["email_verified", "phone_number_verified", "disabled"] {
        let at = format!("/{name}");
        assert_causes(&format!("\"{name}\":true"), &[]);
        assert_causes(&format!("\"{name}\":false"), &[]);
        for other in ["null", "\"true\"", "1", "[]", "{}"] {
            assert_causes(&format!("\"{name}\":{other}"), &[(&at, "type")]);
        }
    }
    for name in ["account_valid_from", "account_valid_until"] {
        let at = format!("/{name}");
        assert_causes(&format!("\"{name}\":\"2024-01-01T00:00:00Z\""), &[]);
        assert_causes(&format!("\"{name}\":\"2024-01-01\""), &[(&at, "format")]);
        assert_causes(&format!("\"{name}\":null"), &[(&at, "type")]);
        assert_causes(&format!("\"{name}\":\"\""), &[(&at, "format")]);
    }
    for name in ["roles", "groups"] {
        let at = format!("/{name}");
        assert_causes(&format!("\"{name}\":[]"), &[]);
        assert_causes(&format!("\"{name}\":null"), &[(&at, "type")]);
        assert_causes(&format!("\"{name}\":\"a\""), &[(&at, "type")]);
        assert_causes(&format!("\"{name}\":{{}}"), &[(&at, "type")]);
        assert_causes(&format!("\"{name}\":[\"a\",null]"), &[(&format!("{at}/1"), "type")]);
        assert_causes(&format!("\"{name}\":[\"\"]"), &[(&format!("{at}/0"), "minLength")]);
    }
}

#[test]
fn roles_and_groups_are_sets() {
    let record = with(r#""roles":["b","a","b","\u0061"],"groups":[]"#).expect("sound");
    assert_eq!(record.roles, Some(vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(record.groups, Some(vec![]));
}

#[test]
fn the_account_is_valid_from_before_until() {
    let reasons = |from: &str, until: &str| {
        let members =
            format!("\"account_valid_from\":\"{from}\",\"account_valid_until\":\"{until}\"");
        let faults = with(&members).expect("the schema holds").faults;
        faults.into_iter().map(|fault| fault.reason).collect::<Vec<_>>()
    };
    let invalid = ["InvalidAccountValidPeriod"];
    assert!(reasons("2024-01-01T00:00:00Z", "2024-01-01T00:00:00.000001Z").is_empty());
    assert_eq!(reasons("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"), invalid);
    assert_eq!(reasons("2024-01-01T08:00:00+08:00", "2024-01-01T00:00:00Z"), invalid);
    assert_eq!(reasons("2024-01-02T00:00:00Z", "2024-01-01T00:00:00Z"), invalid);
    // Postgres keeps microseconds.
    assert_eq!(reasons("2024-01-01T00:00:00Z", "2024-01-01T00:00:00.0000009Z"), invalid);
}

#[test]
fn standard_attributes_are_strings_or_null() {
    for (name, sound, broken) in [
        ("name", "x", None),
        ("given_name", " ", None),
        ("family_name", "\\n", None),
        ("middle_name", "é", None),
        ("nickname", "x", None),
        ("gender", "x", None),
        ("profile", "https://example.com/me", Some("/me")),
        ("website", "x-app://host", Some("example.com")),
        ("picture", "http://example.com/p.png", Some("ftp://example.com/p.png")),
        ("birthdate", "1990-02-28", Some("1990-02-30")),
        ("zoneinfo", "Asia/Hong_Kong", Some("UTC")),
        ("locale", "zh-Hant-HK", Some("zh-hant-hk")),
    ] {
        let at = format!("/{name}");
        let given = |value: &str| {
            let record = with(&format!("\"{name}\":{value}")).expect("sound");
            let [(stored, given)] = <[_; 1]>::try_from(record.attributes).expect("one attribute");
            assert_eq!(stored, name);
            match given {
                Given::Value(value) => Some(value.to_string()),
                Given::Null => None,
                Given::Absent => panic!("given attributes are not absent"),
            }
        };
        let sound = format!("\"{sound}\"");
        assert_eq!(given(&sound), Some(sound));
        assert_eq!(given("null"), None);
        assert_eq!(given("\"\""), None);
        for other in ["1", "true", "[]", "{}"] {
            assert_causes(&format!("\"{name}\":{other}"), &[(&at, "type")]);
        }
        if let Some(broken) = broken {
            assert_causes(&format!("\"{name}\":\"{broken}\""), &[(&at, "format")]);
        }
    }
}

#[test]
fn an_address_is_kept_whole_without_its_empty_members() {
    for (address, expected) in [
        (r#"{"locality":"a","region":"b"}"#, Some(r#"{"locality":"a","region":"b"}"#)),
        ("{ \"region\" :\n \"\\u0062\" }", Some(r#"{"region":"\u0062"}"#)),
        (r#"{"l\u006fcality":"a","region":"","country":null}"#, Some(r#"{"locality":"a"}"#)),
        (r#"{"region":""}"#, None),
        ("{}", None),
        ("null", None),
    ] {
        let record = with(&format!("\"address\":{address}")).expect("sound");
        let stored = match &record.attributes[0].1 {
            Given::Value(value) => Some(&**value),
            Given::Null | Given::Absent => None,
        };
        assert_eq!((&*record.attributes[0].0, stored), ("address", expected), "{address}");
    }
    assert_causes(r#""address":"x""#, &[("/address", "type")]);
    assert_causes(r#""address":[]"#, &[("/address", "type")]);
    assert_causes(r#""address":{"region":1}"#, &[("/address/region", "type")]);
    assert_causes(r#""address":{"zip":"1"}"#, &[("/address/zip", "additionalProperties")]);
}

#[test]
fn custom_attributes_are_kept_to_the_byte() {
    let record = with(r#""custom_attributes":{"a":1.50,"b":"","c":null,"d":{ "\u0065":[1E2] }}"#);
    let attributes = record.expect("sound").custom_attributes;
    let spelled: Vec<_> = attributes
        .iter()
        .map(|(name, given)| match given {
            Given::Value(value) => (&**name, &**value),
            Given::Null | Given::Absent => (&**name, "removed"),
        })
        .collect();
    let expected = [("a", "1.50"), ("b", "\"\""), ("c", "removed"), ("d", r#"{ "\u0065":[1E2] }"#)];
    assert_eq!(spelled, expected);
    for other in ["null", "[]", "1", "\"x\""] {
        assert_causes(&format!("\"custom_attributes\":{other}"), &[("/custom_attributes", "type")]);
    }
}

#[test]
fn intake_sees_the_keys_that_parsing_gives() {
    let record = br#"{"em\u0061il":" User@Example.com","phone_number":"+852 9876 5432",
        "preferred_username":null,"external_id":"x","name":1,"mfa":{"email":"m@n.o"}}"#;
    let keys = login_ids(record, &Settings::default());
    assert_eq!(keys.email.as_deref(), Some("user@example.com"));
    assert_eq!(keys.phone_number.as_deref(), Some("+85298765432"));
    assert_eq!(keys.preferred_username, None);
    assert_eq!(keys.external_id.as_deref(), Some("x"));
    for unreadable in [&b"{"[..], b"", b"[]", b"\xff"] {
        assert_eq!(login_ids(unreadable, &Settings::default()), PerIdentifier::default());
    }
    let invalid = login_ids(br#"{"email":"nobody","external_id":1}"#, &Settings::default());
    assert_eq!(invalid, PerIdentifier::default());
}
