//! What is no record at all, and what holds for every member.

use super::*;

fn only(faults: Vec<Fault>) -> Fault {
    let [fault] = <[Fault; 1]>::try_from(faults).expect("one fault");
    fault
}

#[test]
fn a_line_that_is_no_object_says_where_and_never_what() {
    for (line, column) in [
        ("", 1),
        ("   ", 4),
        ("hunter2", 1),
        ("\"hunter2\"", 1),
        ("[{}]", 1),
        ("null", 1),
        ("{\"email\":\"hunter2\"", 18),
        ("{\"email\":hunter2}", 10),
        ("{\"email\":\"hunter2\"}}", 20),
        ("{\"email\":\"\\ud800 hunter2\"}", 11),
        ("{\"email\":\"\\x\"}", 12),
        ("{\"email\":01}", 11),
        ("{\"email\":NaN}", 10),
        ("{'email':1}", 2),
    ] {
        let fault = only(read(line).expect_err(line));
        assert_eq!((fault.name, fault.reason, fault.code), ("BadRequest", "InvalidJSON", 400));
        assert_eq!(fault.info, json!({ "line": 1, "column": column }), "{line}");
        assert_eq!(fault.message, "invalid JSON");
        let fault = fault.at_line(41);
        assert_eq!(fault.info["line"], 41);
    }
    let fault = only(read("{\n  \"email\": x}").expect_err("broken"));
    assert_eq!(fault.at_line(10).info, json!({ "line": 11, "column": 12 }));
}

#[test]
fn invalid_utf_8_is_no_json() {
    let fault = parse(b"{\"email\":\"\xff\"}", Identifier::Email, &Settings::default()).record;
    assert_eq!(only(fault.expect_err("broken")).info, json!({ "line": 1, "column": 11 }));
}

#[test]
fn the_identifier_is_required_and_never_null() {
    for identifier in Identifier::ALL {
        let name = identifier.as_str();
        for (record, expected) in [
            ("{}".to_owned(), ("", "required", json!({ "missing": [name] }))),
            (
                format!("{{\"{name}\":null}}"),
                ("/", "type", json!({ "expected": ["string"], "actual": ["null"] })),
            ),
            (
                format!("{{\"{name}\":\"\"}}"),
                ("/", "minLength", json!({ "expected": 1, "actual": 0 })),
            ),
        ] {
            let fault = parse(record.as_bytes(), identifier, &Settings::default()).record;
            let fault = only(fault.expect_err("a broken record"));
            let location = if expected.0.is_empty() { String::new() } else { format!("/{name}") };
            let cause = json!({ "location": location, "kind": expected.1, "details": expected.2 });
            assert_eq!(fault.info, json!({ "causes": [cause] }), "{record}");
            assert_eq!(
                (fault.name, fault.code, &*fault.message),
                ("Invalid", 400, "invalid record")
            );
        }
    }
}

#[test]
fn all_causes_are_given_at_once() {
    let record = r#"{"name":1,"nope":2,"roles":["",3],"birthdate":"x","name":4}"#;
    assert_eq!(
        causes(read(record)),
        [
            ("", "required"),
            ("/name", "duplicateKey"),
            ("/name", "type"),
            ("/nope", "additionalProperties"),
            ("/roles/0", "minLength"),
            ("/roles/1", "type"),
            ("/birthdate", "format"),
            ("/name", "type"),
        ]
        .map(|(at, kind)| (at.to_owned(), kind.to_owned()))
    );
}

#[test]
fn a_hundred_causes_are_given_and_the_rest_is_counted() {
    let members: Vec<_> = (0..250).map(|index| format!("\"x{index}\":0")).collect();
    let fault = only(with(&members.join(",")).expect_err("broken"));
    assert_eq!(fault.info["causes"].as_array().map(Vec::len), Some(100));
    assert_eq!(fault.info["more"], 150);
}

#[test]
fn a_doubled_name_is_seen_at_every_level_and_in_every_spelling() {
    for (members, at) in [
        (r#""email":"x@y.z""#, "/email"),
        (r#""\u0065mail":"x@y.z""#, "/email"),
        (r#""address":{"region":"a","region":"b"}"#, "/address/region"),
        (r#""custom_attributes":{"a":1,"a":2}"#, "/custom_attributes/a"),
        (r#""custom_attributes":{"a":[{"b/c":1,"b\u002fc":1}]}"#, "/custom_attributes/a/0/b~1c"),
        (r#""password":{"type":"bcrypt","type":"bcrypt","password_hash":"x"}"#, "/password/type"),
        (r#""mfa":{"totp":{"secret":"A","\u0073ecret":"A"}}"#, "/mfa/totp/secret"),
    ] {
        assert_causes(members, &[(at, "duplicateKey")]);
    }
    // More members than are compared one by one.
    let many: Vec<_> = (0..100).map(|index| format!("\"{}\":0", index % 99)).collect();
    let members = format!("\"custom_attributes\":{{{}}}", many.join(","));
    assert_causes(&members, &[("/custom_attributes/0", "duplicateKey")]);
}

#[test]
fn a_null_character_fails_its_record_wherever_it_stands() {
    for (members, at) in [
        (r#""name":"a\u0000""#, "/name"),
        (r#""external_id":null,"address":{"region":"\u0000"}"#, "/address/region"),
        (r#""custom_attributes":{"a":{"b":["\u0000"]}}"#, "/custom_attributes/a/b/0"),
        (r#""custom_attributes":{"a\u0000":1}"#, "/custom_attributes"),
        (r#""roles":["a\u0000"]"#, "/roles/0"),
    ] {
        assert_causes(members, &[(at, "pattern")]);
    }
    assert_causes(r#""name":"a\\u0000""#, &[]);
}

#[test]
fn depth_is_at_most_32_levels() {
    let nested = |levels: usize, open: &str, close: &str| {
        format!("\"custom_attributes\":{{\"a\":{}1{}}}", open.repeat(levels), close.repeat(levels))
    };
    // The record and custom_attributes are the first two.
    assert_causes(&nested(30, "[", "]"), &[]);
    assert_causes(&nested(30, "{\"a\":", "}"), &[]);
    for too_deep in [nested(31, "[", "]"), nested(31, "{\"a\":", "}"), nested(500_000, "[", "]")] {
        let causes = causes(with(&too_deep));
        assert_eq!(causes.len(), 1);
        assert!(causes[0].0.starts_with("/custom_attributes/a/"));
        assert_eq!(causes[0].1, "maxDepth");
    }
}

#[test]
fn locations_are_bounded_and_escaped() {
    assert_causes(r#""a~/b":1"#, &[("/a~0~1b", "additionalProperties")]);
    assert_causes(&format!("\"{}\":1", "x".repeat(100_000)), &[("", "additionalProperties")]);
}

#[test]
fn actual_is_given_while_it_is_short() {
    assert_eq!(
        details(r#""birthdate":"soon""#),
        json!({ "format": "birthdate", "actual": "soon" })
    );
    let long = format!("\"birthdate\":\"{}\"", "x".repeat(10_000));
    assert_eq!(details(&long), json!({ "format": "birthdate" }));
    assert_eq!(
        details(r#""name":[1]"#),
        json!({ "expected": ["string", "null"], "actual": ["array"] })
    );
}
