//! The Big List of Naughty Strings, wherever a record takes a string.
//!
//! Each is stored and shown unchanged, a login id normalised, or refused with a cause; and the
//! plain records between them are none the worse for it.

use std::collections::HashMap;

use futures_util::{StreamExt, stream};
use naughty_strings::BLNS;
use serde_json::{Value, json};

use user_import::import::login_id::normalise;
use user_import::import::settings::Settings;
use user_import::import::task::Identifier;

use crate::harness::{Client, World, answer, assert_converged};

/// Every byte of a query's value escaped.
fn escaped(text: &str) -> String {
    let bytes: Vec<String> = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
    bytes.concat()
}

/// Imports these records with a plain one after each, and returns the details of the former.
async fn import(
    world: &World,
    client: &Client,
    identifier: &str,
    records: impl Iterator<Item = Value>,
) -> Vec<Value> {
    let mut sent = Vec::new();
    for (at, record) in records.enumerate() {
        let neighbour = format!("{identifier}.{at}@neighbour.example");
        sent.push(record);
        sent.push(json!({"email": neighbour, "external_id": neighbour, "name": neighbour}));
    }
    let body: String = sent.iter().map(|record| record.to_string() + "\n").collect();
    let request = client.ndjson(&format!("identifier={identifier}")).body(body);
    let task = answer(request).await.task();
    let mut seen = assert_converged(world, client, &task).await;
    let Value::Array(details) = seen["details"].take() else { panic!("{seen}") };
    for (detail, sent) in details.iter().zip(&sent) {
        assert_eq!(detail["record"], *sent, "the echo is what was sent");
    }
    let (naughty, neighbours): (Vec<_>, Vec<_>) =
        details.into_iter().partition(|detail| detail["index"].as_u64().unwrap() % 2 == 0);
    assert!(neighbours.iter().all(|detail| detail["outcome"] == "inserted"), "{neighbours:?}");
    let whole = "SELECT count(*) FROM directory_user
        WHERE email_key LIKE $1 AND external_id_key = email_key AND attributes->>'name' = email_key";
    let whole = world.database.count(whole, &[&format!("{identifier}.%@neighbour.example")]).await;
    assert_eq!(whole, neighbours.len() as i64, "no neighbour is touched");
    naughty
}

/// The users that these details name, in their order; `None` where a record failed.
async fn users(client: &Client, details: &[Value]) -> Vec<Option<Value>> {
    let user = async |detail: &Value| {
        let id = detail["user_id"].as_str()?;
        let seen = client.get(&format!("/users/{id}")).await;
        assert_eq!(seen.status, 200, "{detail}: {}", seen.text);
        Some(seen.json())
    };
    stream::iter(details).map(user).buffered(8).collect().await
}

#[tokio::test(flavor = "multi_thread")]
async fn naughty_strings_as_attributes_are_shown_unchanged() {
    let world = World::new().await;
    let (_api, client, _workers) = world.started(2).await;
    let record = |(at, text): (usize, &&str)| {
        json!({"external_id": format!("naughty {at}"), "name": text, "address": {"formatted": text},
            "custom_attributes": {"value": text, *text: [text]}})
    };
    let records = BLNS.iter().enumerate().map(record);
    let details = import(&world, &client, "external_id", records).await;
    let users = users(&client, &details).await;
    assert_eq!(users.len(), BLNS.len());
    for ((text, detail), user) in BLNS.iter().zip(&details).zip(users) {
        let user = user.unwrap_or_else(|| panic!("{text:?}: {detail}"));
        assert_eq!(user["custom_attributes"], json!({"value": text, *text: [text]}), "{text:?}");
        // An empty string in a standard attribute means null.
        let shown = (!text.is_empty()).then_some(text);
        assert_eq!(user.get("name"), shown.map(|text| json!(text)).as_ref(), "{text:?}");
        assert_eq!(
            user.get("address"),
            shown.map(|text| json!({"formatted": text})).as_ref(),
            "{text:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn naughty_strings_as_roles_and_groups_are_shown_unchanged() {
    let world = World::new().await;
    let (_api, client, _workers) = world.started(2).await;
    let record = |(at, text): (usize, &&str)| json!({"external_id": format!("naughty {at}"), "roles": [text], "groups": [text]});
    let records = BLNS.iter().enumerate().map(record);
    let details = import(&world, &client, "external_id", records).await;
    for ((text, detail), user) in BLNS.iter().zip(&details).zip(users(&client, &details).await) {
        if text.is_empty() {
            assert_refused(detail, "/roles/0");
            continue;
        }
        let user = user.unwrap_or_else(|| panic!("{text:?}: {detail}"));
        assert_eq!((&user["roles"], &user["groups"]), (&json!([text]), &json!([text])), "{text:?}");
    }
}

fn assert_refused(detail: &Value, location: &str) {
    assert_eq!(detail["outcome"], "failed", "{detail}");
    let error = &detail["errors"][0];
    assert_eq!(error["reason"], "ValidationFailed", "{detail}");
    let causes = error["info"]["causes"].as_array().unwrap();
    assert!(causes.iter().any(|cause| cause["location"] == location), "{detail}");
}

/// A login id of one type as each string spells it, beside an identifier of another type.
async fn check_login_ids(
    world: &World,
    client: &Client,
    which: Identifier,
    spelling: fn(&str) -> String,
) {
    let name = which.as_str();
    let identifier = if which == Identifier::ExternalId { "email" } else { "external_id" };
    let spellings: Vec<String> = BLNS.iter().map(|text| spelling(text)).collect();
    let record = |(at, text): (usize, &String)| json!({identifier: format!("{name}.{at}@naughty.example"), name: text});
    let records = spellings.iter().enumerate().map(record);
    let details = import(world, client, identifier, records).await;
    let users = users(client, &details).await;
    let mut owners: HashMap<String, Value> = HashMap::new();
    for ((text, detail), user) in spellings.iter().zip(&details).zip(users) {
        let found = client.get(&format!("/users?{name}={}", escaped(text))).await;
        let Ok(login_id) = normalise(which, text, &Settings::default()) else {
            assert_refused(detail, &format!("/{name}"));
            // A space in an address may have been a plus that was typed raw.
            let expected = if text.contains(' ') { 404 } else { 400 };
            assert!([400, expected].contains(&found.status), "{text:?}: {}", found.text);
            continue;
        };
        let owner = owners.entry(login_id.key.clone());
        let owner = owner.or_insert_with(|| user.clone().unwrap_or_default());
        assert_eq!(owner[name], login_id.shown(), "{text:?}");
        assert_eq!((found.status, &found.json()), (200, &*owner), "{text:?}");
        if user.as_ref() != Some(owner) {
            assert_eq!(detail["errors"][0]["reason"], "DuplicatedIdentity", "{text:?}: {detail}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn naughty_strings_as_login_ids_are_shown_normalised_or_refused() {
    let world = World::new().await;
    let (_api, client, _workers) = world.started(2).await;
    let as_it_is: fn(&str) -> String = str::to_owned;
    for (which, spelling) in [
        (Identifier::ExternalId, as_it_is),
        (Identifier::Email, as_it_is),
        (Identifier::Email, |text| format!("{text}@example.com")),
        (Identifier::Email, |text| format!("user@{text}")),
        (Identifier::PhoneNumber, as_it_is),
        (Identifier::PreferredUsername, as_it_is),
    ] {
        check_login_ids(&world, &client, which, spelling).await;
        world.database.execute("DELETE FROM directory_user", &[]).await;
    }
}
