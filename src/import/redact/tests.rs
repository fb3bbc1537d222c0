use super::*;

fn echo(json: &str) -> Option<String> {
    let echo = redact(json.as_bytes()).map(Cow::into_owned);
    if let Some(echo) = &echo {
        assert!(!echo.contains(['\n', '\r']), "{echo:?}");
        assert!(serde_json::from_str::<serde::de::IgnoredAny>(echo).is_ok(), "{echo:?}");
    }
    echo
}

#[test]
fn a_record_without_secrets_is_echoed_to_the_byte() {
    for json in [
        "{}",
        r#"{"email":"a@b.c"}"#,
        r#" {"email" : "\u0061@b.c", "n":1.0e+02,"x":[ 1,{"y":-0}],"unknown":"\/"} "#,
        r#"{"name":"\ud83d\ude00\u0000","email":"é"}"#,
        r#"{"custom_attributes":{"password":"kept","mfa":{"totp":1}}}"#,
        r#"{"passwords":"hunter2","Password":"hunter2"}"#,
    ] {
        assert_eq!(echo(json).as_deref(), Some(json));
    }
    assert_eq!(echo("{\r\n  \"a\": [1,\n2]\n}").as_deref(), Some("{  \"a\": [1,2]}"));
    assert_eq!(echo("{\"a\":\"\\n\"}").as_deref(), Some("{\"a\":\"\\n\"}"));
}

#[test]
fn secrets_are_replaced_and_the_rest_is_untouched() {
    for (sent, expected) in [
        (
            r#"{"email":"a@b.c","password":{"type":"bcrypt","password_hash":"$2a$10$x"},"n":1.50}"#,
            r#"{"email":"a@b.c","password":{"type":"bcrypt","password_hash":"REDACTED"},"n":1.50}"#,
        ),
        (
            r#"{"p\u0061ssword":{"\u0074ype":"bcr\u0079pt","password\u005fhash":["x"]}}"#,
            r#"{"p\u0061ssword":{"\u0074ype":"bcr\u0079pt","password\u005fhash":"REDACTED"}}"#,
        ),
        (
            r#"{"password":{"type":"bcrypt","password_hash":null,"expire_after":"2030-01-01T00:00:00+08:00"}}"#,
            r#"{"password":{"type":"bcrypt","password_hash":"REDACTED","expire_after":"2030-01-01T00:00:00+08:00"}}"#,
        ),
        (
            "{ \"mfa\" : { \"email\" : \"\\u0061@b.c\",\n \"phone_number\" : \"+852 98765432\", \"totp\":{\"secret\":\"A\"},
             \"password\":{\"type\":\"bcrypt\",\"password_hash\":\"x\"} } , \"u\" : [ 1 ] }",
            r#"{"mfa":{"email":"\u0061@b.c","phone_number":"+852 98765432","totp":{"secret":"REDACTED"},"password":{"type":"bcrypt","password_hash":"REDACTED"}},"u":[ 1 ]}"#,
        ),
        (
            r#"{"a":1, "b":2,"c" :3,"d":4,"mfa":{},"e":5 ,"f":6,"password":{},"g":{"h":7}}"#,
            r#"{"a":1,"b":2,"c":3,"d":4,"mfa":{},"e":5,"f":6,"password":{},"g":{"h":7}}"#,
        ),
        (r#"{"mfa":{"email":null,"phone_number":null}}"#, r#"{"mfa":{"email":null,"phone_number":null}}"#),
        (r#"{"password":{},"mfa":{}}"#, r#"{"password":{},"mfa":{}}"#),
    ] {
        assert_eq!(echo(sent).as_deref(), Some(expected));
    }
}

const WRONG_PLACES: &[(&str, &str)] = &[
    (r#"{"password":"hunter2"}"#, r#"{"password":"REDACTED"}"#),
    (r#"{"password":null}"#, r#"{"password":"REDACTED"}"#),
    (r#"{"password":["hunter2"]}"#, r#"{"password":"REDACTED"}"#),
    (r#"{"password":2}"#, r#"{"password":"REDACTED"}"#),
    (r#"{"mfa":null}"#, r#"{"mfa":"REDACTED"}"#),
    (r#"{"mfa":"hunter2"}"#, r#"{"mfa":"REDACTED"}"#),
    (r#"{"mfa":{"password":null}}"#, r#"{"mfa":{"password":"REDACTED"}}"#),
    (r#"{"mfa":{"password":"hunter2"}}"#, r#"{"mfa":{"password":"REDACTED"}}"#),
    (r#"{"mfa":{"totp":null}}"#, r#"{"mfa":{"totp":"REDACTED"}}"#),
    (r#"{"mfa":{"totp":["hunter2"]}}"#, r#"{"mfa":{"totp":"REDACTED"}}"#),
    (r#"{"password":{"hunter2":1,"type":"bcrypt"}}"#, r#"{"password":{"type":"bcrypt"}}"#),
    (r#"{"password":{"type":"hunter2"}}"#, r#"{"password":{"type":"REDACTED"}}"#),
    (r#"{"password":{"type":null}}"#, r#"{"password":{"type":"REDACTED"}}"#),
    (r#"{"password":{"type":{"bcrypt":1}}}"#, r#"{"password":{"type":"REDACTED"}}"#),
    (r#"{"password":{"expire_after":"hunter2"}}"#, r#"{"password":{"expire_after":"REDACTED"}}"#),
    (r#"{"password":{"expire_after":2030}}"#, r#"{"password":{"expire_after":"REDACTED"}}"#),
    (r#"{"mfa":{"email":"hunter2"}}"#, r#"{"mfa":{"email":"REDACTED"}}"#),
    (r#"{"mfa":{"email":""}}"#, r#"{"mfa":{"email":"REDACTED"}}"#),
    (r#"{"mfa":{"email":["a@b.c"]}}"#, r#"{"mfa":{"email":"REDACTED"}}"#),
    (r#"{"mfa":{"phone_number":"hunter2"}}"#, r#"{"mfa":{"phone_number":"REDACTED"}}"#),
    (r#"{"mfa":{"phone_number":85298765432}}"#, r#"{"mfa":{"phone_number":"REDACTED"}}"#),
    (r#"{"mfa":{"hunter2":{"secret":"x"}}}"#, r#"{"mfa":{}}"#),
    (
        r#"{"mfa":{"totp":{"hunter2":1,"secret":1,"x":2}}}"#,
        r#"{"mfa":{"totp":{"secret":"REDACTED"}}}"#,
    ),
    (
        r#"{"mfa":{"password":{"type":"hunter2","password_hash":"x","y":1,"expire_after":""}}}"#,
        r#"{"mfa":{"password":{"type":"REDACTED","password_hash":"REDACTED","expire_after":"REDACTED"}}}"#,
    ),
];

#[test]
fn what_stands_in_a_wrong_place_may_be_a_secret() {
    for (sent, expected) in WRONG_PLACES {
        assert_eq!(echo(sent).as_deref(), Some(*expected));
    }
}

#[test]
fn what_cannot_be_shown_is_absent() {
    for sent in [
        "",
        "hunter2",
        "[]",
        "null",
        r#"{"a":1"#,
        r#"{"a":1,"\u0061":2}"#,
        r#"{"a":{"b":[{"c":1,"c":2}]}}"#,
        r#"{"password":{"type":"bcrypt","type":"bcrypt"}}"#,
        r#"{"a":"\ud800"}"#,
    ] {
        assert_eq!(echo(sent), None, "{sent}");
    }
    assert_eq!(redact(b"{\"a\":\"\xff\"}"), None);
    let nested = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
    assert!(echo(&nested(99)).is_some());
    assert!(echo(&nested(100)).is_none());
    assert!(echo(&nested(500_000)).is_none());
}
