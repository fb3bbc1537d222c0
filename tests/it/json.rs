//! What is JSON and what is not: a table of our own, and JSONTestSuite where it lies at hand, as
//! whole bodies, as lines, and as the value of a custom attribute.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Client, World, answer, assert_converged};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// RFC 8259 has it, so it is taken wherever a record may hold it.
    Good,
    /// It is no JSON, and refused.
    Bad,
    /// A parser may do as it likes, but not break.
    Open,
}

struct Case {
    name: String,
    json: Vec<u8>,
    verdict: Verdict,
}

const GOOD: [&str; 20] = [
    "null",
    "true",
    "-0",
    "0e+1",
    "1E+30",
    "-1.50e-10",
    "12345678901234567890123456789",
    "\"\"",
    "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
    "\"\\u0061\\uD83D\\uDE00\"",
    "\"\u{1f600}\u{2028}\u{7f}\"",
    "\"\\uFFFF\\u0012\"",
    " [ ] ",
    "[1,[2,[3]]]",
    "\t{\r \"a\" : { } }",
    "{\"\":0}",
    "{\"a\":1,\"a\":1}",
    "{\"\\u0061\":1}",
    "[\"\u{fffd}\"]",
    "[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]",
];

const BAD: [&[u8]; 24] = [
    b"nul",
    b"NaN",
    b"-Infinity",
    b"+1",
    b"01",
    b"1.",
    b".5",
    b"1e",
    b"0x1F",
    b"'a'",
    b"\"a",
    b"\"\\x41\"",
    b"\"\\u12\"",
    b"\"\x01\"",
    b"\"\xff\"",
    b"\"\xed\xa0\x80\"",
    b"[1,]",
    b"[1 2]",
    b"[",
    b"{\"a\"}",
    b"{\"a\":1,}",
    b"{a:1}",
    b"{} {}",
    b"/**/1",
];

fn own_cases() -> Vec<Case> {
    let case = |json: &[u8], verdict| Case {
        name: String::from_utf8_lossy(json).into_owned(),
        json: json.to_owned(),
        verdict,
    };
    let good = GOOD.iter().map(|json| case(json.as_bytes(), Verdict::Good));
    good.chain(BAD.iter().map(|json| case(json, Verdict::Bad))).collect()
}

/// The file that CI brings along; none where the variable is not set.
fn suite() -> Option<Vec<Case>> {
    let Some(folder) = std::env::var_os("TEST_DATA") else {
        println!("JSONTestSuite was skipped: TEST_DATA names no folder with jsontestsuite.json");
        return None;
    };
    let text = std::fs::read(std::path::Path::new(&folder).join("jsontestsuite.json")).unwrap();
    let files: std::collections::BTreeMap<String, String> = serde_json::from_slice(&text).unwrap();
    let case = |(name, json): (String, String)| {
        let verdict = match &name[..2] {
            "y_" => Verdict::Good,
            "n_" => Verdict::Bad,
            _ => Verdict::Open,
        };
        Case { json: STANDARD.decode(json).unwrap(), name, verdict }
    };
    let cases: Vec<Case> = files.into_iter().map(case).collect();
    assert!(cases.len() > 300, "{}", cases.len());
    Some(cases)
}

/// What is JSON and no record may hold: U+0000, which Postgres' text has not, and a doubled key,
/// which every reader takes for something else.
fn may_be_held(case: &Case) -> bool {
    let json = String::from_utf8_lossy(&case.json);
    let is_doubled = case.name.contains("duplicated_key") || json.matches("\"a\":1").count() > 1;
    // An escaped backslash before `u0000` escapes no character.
    !json.replace("\\\\", "").contains("\\u0000") && !is_doubled
}

fn is_one_line(case: &Case) -> bool {
    !case.json.contains(&b'\n') && !case.json.trim_ascii().is_empty()
}

async fn post(client: &Client, media: &str, body: Vec<u8>) -> crate::harness::Answer {
    let path = if media == "application/json" { "" } else { "?identifier=email" };
    let request = client.call(Method::POST, &format!("/users/import{path}"));
    answer(request.header("content-type", media).body(body)).await
}

/// None of them is a request, so all are refused: what is JSON as that, what is not as no JSON.
async fn assert_bodies(client: &Client, cases: &[Case]) {
    for Case { name, json, verdict } in cases {
        let said = post(client, "application/json", json.clone()).await;
        assert_eq!(said.status, 400, "{name}: {}", said.text);
        if *verdict == Verdict::Good {
            assert_eq!(said.json()["error"]["reason"], "ValidationFailed", "{name}");
        }
    }
}

/// The outcome and the first reason of each record.
async fn outcomes(world: &World, client: &Client, task: &str) -> Vec<(String, Option<String>)> {
    let seen = assert_converged(world, client, task).await;
    let details = seen["details"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let outcome = |it: &Value| (text(&it["outcome"]).unwrap(), text(&it["errors"][0]["reason"]));
    details.map(outcome).collect()
}

/// A line that is a JSON object is a record, if a wrong one; any other line is no JSON object.
async fn assert_lines(world: &World, client: &Client, cases: &[Case]) {
    let lines: Vec<&Case> = cases.iter().filter(|case| is_one_line(case)).collect();
    let body = lines.iter().flat_map(|case| [&case.json[..], b"\n"]).collect::<Vec<_>>().concat();
    let task = post(client, "application/x-ndjson", body).await.task();
    let outcomes = outcomes(world, client, &task).await;
    assert_eq!(outcomes.len(), lines.len());
    for (Case { name, json, verdict }, (outcome, reason)) in lines.into_iter().zip(outcomes) {
        let is_object = json.trim_ascii_start().starts_with(b"{");
        let expected = match verdict {
            Verdict::Good if is_object => "ValidationFailed",
            Verdict::Good | Verdict::Bad => "InvalidJSON",
            Verdict::Open => continue,
        };
        assert_eq!((outcome.as_str(), reason.as_deref()), ("failed", Some(expected)), "{name}");
    }
}

/// Nothing is promised of the white space between values.
fn without_space(json: &str) -> String {
    json.split([' ', '\t', '\r', '\n']).collect()
}

fn record(number: usize, value: &[u8]) -> Vec<u8> {
    let head = format!("{{\"email\":\"json{number}@example.com\",\"custom_attributes\":{{\"v\":");
    [head.as_bytes(), value, b"}}"].concat()
}

fn envelope(records: &[Vec<u8>]) -> Vec<u8> {
    let head: &[u8] = b"{\"identifier\":\"email\",\"upsert\":true,\"records\":[";
    [head, &records.join(&b','), b"]}"].concat()
}

/// What is JSON is stored and shown to the byte; what is not ends the whole document, or its line.
async fn assert_values(world: &World, client: &Client, cases: &[Case]) {
    let of = |verdict| cases.iter().filter(move |case| case.verdict == verdict);
    let good: Vec<&Case> = of(Verdict::Good).collect();
    let records: Vec<_> =
        good.iter().enumerate().map(|(number, case)| record(number, &case.json)).collect();
    let task = post(client, "application/json", envelope(&records)).await.task();
    for (case, (outcome, _)) in good.iter().zip(outcomes(world, client, &task).await) {
        let expected = if may_be_held(case) { "inserted" } else { "failed" };
        assert_eq!(outcome, expected, "{}", case.name);
    }
    let shown = without_space(&client.get(&format!("/users/import/{task}")).await.text);
    for case in good.iter().filter(|case| may_be_held(case)) {
        let json = without_space(std::str::from_utf8(&case.json).unwrap());
        assert!(shown.contains(&json), "{} is shown as it was sent", case.name);
    }

    for (number, case) in of(Verdict::Bad).chain(of(Verdict::Open)).enumerate() {
        let said = post(client, "application/json", envelope(&[record(number, &case.json)])).await;
        let is_refused = said.status == 400;
        assert!(is_refused || said.status == 200, "{}: {}", case.name, said.text);
        assert!(is_refused || case.verdict == Verdict::Open, "{} was taken", case.name);
    }
    let lines: Vec<&Case> = of(Verdict::Bad).filter(|case| is_one_line(case)).collect();
    let body: Vec<_> =
        lines.iter().enumerate().map(|(number, case)| record(number, &case.json)).collect();
    let task = post(client, "application/x-ndjson", body.join(&b'\n')).await.task();
    for (case, (_, reason)) in lines.iter().zip(outcomes(world, client, &task).await) {
        assert_eq!(reason.as_deref(), Some("InvalidJSON"), "{}", case.name);
    }
}

async fn assert_all(cases: &[Case]) {
    let world = World::new().await;
    let api = world.api().start().await;
    let _worker = world.worker().start().await;
    let client = world.client(&api).await;
    assert_bodies(&client, cases).await;
    assert_lines(&world, &client, cases).await;
    assert_values(&world, &client, cases).await;
    let metrics = client.metrics(api.address()).await;
    assert_eq!(metrics.sum("user_import_http_responses_total", "5xx") as i64, 0);
    // It is the same process still, and in order.
    assert_eq!(
        client
            .import(&json!({"identifier": "email", "records": [{"email": "a@b.c"}]}))
            .await
            .status,
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn json_is_taken_and_what_is_none_is_refused() {
    assert_all(&own_cases()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_json_test_suite_is_taken_and_refused_as_it_says() {
    if let Some(cases) = suite() {
        assert_all(&cases).await;
    }
}
