//! Every field with what it takes and what it refuses, and where a refusal points.

mod arbitrary;
mod faults;
mod fields;
mod secrets;

use serde_json::{Value, json};

use super::*;
use crate::import::outcome::Fault;

fn read(record: &str) -> Result<Record, Vec<Fault>> {
    parse(record.as_bytes(), Identifier::Email, &Settings::default()).record.map(|record| *record)
}

/// The record with an email and these members beside it.
fn with(members: &str) -> Result<Record, Vec<Fault>> {
    read(&format!(r#"{{"email":"a@b.c",{members}}}"#))
}

/// Location and kind of each cause.
fn causes(read: Result<Record, Vec<Fault>>) -> Vec<(String, String)> {
    let Err(faults) = read else {
        return Vec::new();
    };
    assert_eq!(faults.len(), 1, "all faults of the schema are one error");
    assert_eq!(faults[0].reason, "ValidationFailed");
    let causes = faults[0].info["causes"].as_array().expect("causes");
    let text = |cause: &Value, name: &str| cause[name].as_str().expect("a text").to_owned();
    causes.iter().map(|cause| (text(cause, "location"), text(cause, "kind"))).collect()
}

fn assert_causes(members: &str, expected: &[(&str, &str)]) {
    let causes = causes(with(members));
    let causes: Vec<_> = causes.iter().map(|(at, kind)| (at.as_str(), kind.as_str())).collect();
    assert_eq!(causes, expected, "{members}");
}

fn details(members: &str) -> Value {
    let faults = with(members).expect_err("a broken record");
    faults[0].info["causes"][0]["details"].clone()
}
