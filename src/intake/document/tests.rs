//! The envelope, fault by fault.

use serde_json::{Value, json};

use super::{Document, Limits};
use crate::import::task::{Identifier, Options};

const LIMITS: Limits = Limits { record_bytes_max: 40, records_max: 3 };

fn read(text: &str) -> Result<Document, Value> {
    let document = Document::read(text.as_bytes().to_vec(), LIMITS);
    document.map_err(|error| serde_json::to_value(error.fault()).unwrap())
}

/// Kind, location and details of each cause.
fn causes(text: &str) -> Vec<(String, String, Value)> {
    let fault = read(text).unwrap_err();
    assert_eq!(fault["reason"], "ValidationFailed", "{text}");
    let cause = |cause: &Value| {
        let text = |name: &str| cause[name].as_str().unwrap().to_owned();
        (text("kind"), text("location"), cause["details"].clone())
    };
    fault["info"]["causes"].as_array().unwrap().iter().map(cause).collect()
}

fn cause(kind: &str, location: &str, details: Value) -> (String, String, Value) {
    (kind.to_owned(), location.to_owned(), details)
}

#[test]
fn a_sound_document_is_cut_into_its_records_as_sent() {
    let document = read(
        "\n{ \"records\" : [ {\"email\": \"\\u0061@b.c\", \"n\": 1.50} ,{}] , \"dry_run\":true,\"upsert\":false,\"\\u0069dentifier\":\"email\"}\n",
    )
    .unwrap();
    let options = Options { identifier: Identifier::Email, upsert: false, dry_run: true };
    assert_eq!(document.options, options);
    let records: Vec<_> = document.records().collect();
    assert_eq!(records, [br#"{"email": "\u0061@b.c", "n": 1.50}"#.as_slice(), b"{}"]);
}

#[test]
fn every_fault_of_the_envelope_is_told_at_once() {
    let found = causes(
        r#"{"identifier":"foobar","upsert":1,"dry_run":null,"records":[{},7,[]],"x/y":{},"upsert":true}"#,
    );
    let expected = json!({"expected": ["preferred_username", "email", "phone_number", "external_id"], "actual": "foobar"});
    assert_eq!(
        found,
        [
            cause("enum", "/identifier", expected),
            cause("type", "/upsert", json!({"expected": ["boolean"], "actual": ["number"]})),
            cause("type", "/dry_run", json!({"expected": ["boolean"], "actual": ["null"]})),
            cause("additionalProperties", "/x~1y", Value::Null),
            cause("duplicateKey", "/upsert", Value::Null),
            cause("type", "/records/1", json!({"expected": ["object"], "actual": ["number"]})),
            cause("type", "/records/2", json!({"expected": ["object"], "actual": ["array"]})),
        ]
    );
    assert_eq!(
        causes("{}"),
        [cause("required", "", json!({"missing": ["identifier", "records"]}))]
    );
    let empty = causes(r#"{"identifier":"email","records":[ ]}"#);
    assert_eq!(empty, [cause("minItems", "/records", json!({"expected": 1, "actual": 0}))]);
    let wrong = causes(r#"{"identifier":["email"],"records":{"0":{}}}"#);
    assert_eq!(wrong.iter().map(|it| &*it.1).collect::<Vec<_>>(), ["/identifier", "/records"]);
}

#[test]
fn what_is_no_object_is_a_fault_of_the_envelope() {
    for (text, actual) in
        [("[{}]", "array"), ("\"email\"", "string"), (" null", "null"), ("1", "number")]
    {
        let expected = json!({"expected": ["object"], "actual": [actual]});
        assert_eq!(causes(text), [cause("type", "", expected)]);
    }
}

#[test]
fn a_hundred_causes_are_given_and_the_rest_is_counted() {
    let text = format!("{{\"identifier\":\"email\",\"records\":[{}1]}}", "1,".repeat(130));
    let fault = read(&text).unwrap_err();
    assert_eq!(fault["info"]["causes"].as_array().unwrap().len(), 100);
    assert_eq!(fault["info"]["more"], 31);
}

#[test]
fn what_is_no_json_is_refused_with_its_place() {
    for (text, line, column) in [
        ("", 1, 1),
        ("{\"identifier\":\"email\",\n\"records\":[{}}]}", 2, 14),
        ("{\"records\":[{}]} {}", 1, 18),
        ("[1,]", 1, 4),
    ] {
        let fault = read(text).unwrap_err();
        assert_eq!(
            (&fault["reason"], &fault["info"]),
            (&json!("InvalidJSON"), &json!({"line": line, "column": column}))
        );
    }
    let fault = Document::read(b"{\n\"a\":\"\xff\"}".to_vec(), LIMITS).unwrap_err();
    assert_eq!(fault.fault().info, json!({"line": 2, "column": 6}));
}

#[test]
fn limits_are_told_with_their_number() {
    let many = read(r#"{"identifier":"email","records":[{},{},{},{}]}"#).unwrap_err();
    assert_eq!((&many["reason"], &many["info"]["limit"]), (&json!("TaskTooLarge"), &json!(3)));
    let long = format!(r#"{{"identifier":"email","records":[{{"name":"{}"}}]}}"#, "x".repeat(40));
    let long = read(&long).unwrap_err();
    assert_eq!(
        (&long["reason"], &long["code"], &long["info"]["limit"]),
        (&json!("JSONTooLarge"), &json!(413), &json!(40))
    );
}
