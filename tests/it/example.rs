//! The seed request of the HTTP contract, and what is answered to it, member by member.

use serde_json::{Value, json};

use crate::harness::{World, assert_converged, bcrypt_hash, lines};

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

/// RFC 3339 in UTC.
fn assert_time(value: &Value) {
    let text = value.as_str().unwrap_or_else(|| panic!("no time: {value}"));
    text.parse::<jiff::Timestamp>().unwrap_or_else(|error| panic!("{error}: {text}"));
    assert!(text.ends_with('Z'), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_of_the_contract_is_answered_to_the_letter() {
    let world = World::new().await;
    let (_api, client, _workers) = world.started(1).await;
    let records = vec![
        json!({"email": "user1@example.com", "password": {"type": "bcrypt", "password_hash": bcrypt_hash(1)}}),
        json!({"email": "user2@example.com", "email_verified": false}),
    ];
    let first = client.import_records(records, false).await;
    assert_eq!(first.status, 200, "{}", first.text);
    let first = first.json();
    assert_eq!(keys(&first), ["created_at", "id", "status"]);
    assert_eq!(first["status"], "pending");
    assert_time(&first["created_at"]);
    let id = first["id"].as_str().unwrap();
    let random = id.strip_prefix("task_").unwrap();
    assert!(
        random.len() == 32
            && random.chars().all(|c| "0123456789ABCDEFGHJKMNPQRSTVWXYZ".contains(c)),
        "{id}"
    );

    let seen = assert_converged(&world, &client, id).await;
    assert_eq!(keys(&seen), ["completed_at", "created_at", "details", "id", "status", "summary"]);
    assert_eq!((&seen["id"], &seen["created_at"]), (&first["id"], &first["created_at"]));
    assert_time(&seen["completed_at"]);
    let summary = json!({"total": 2, "inserted": 2, "updated": 0, "skipped": 0, "failed": 0});
    assert_eq!(seen["summary"], summary);
    let [one, two] = &seen["details"].as_array().unwrap()[..] else { panic!("{seen}") };
    assert_eq!(
        *one,
        json!({"index": 0, "outcome": "inserted", "user_id": one["user_id"], "record": {
            "email": "user1@example.com", "password": {"type": "bcrypt", "password_hash": "REDACTED"}}})
    );
    assert_eq!(
        *two,
        json!({"index": 1, "outcome": "inserted", "user_id": two["user_id"],
            "record": {"email": "user2@example.com", "email_verified": false},
            "warnings": [{"message": "email_verified = false has no effect in insert."}]})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_found_by_any_login_id_and_shown_without_secrets() {
    let world = World::new().await;
    let (_api, client, _workers) = world.started(1).await;
    let task = client.import_records(vec![crate::harness::full(7)], false).await.task();
    let seen = assert_converged(&world, &client, &task).await;
    assert_eq!(seen["summary"]["inserted"], 1, "{seen}");
    let id = seen["details"][0]["user_id"].as_str().unwrap();
    let by_id = client.get(&format!("/users/{id}")).await;
    assert_eq!(by_id.status, 200);
    assert!(!by_id.text.contains(crate::harness::CANARY), "{}", by_id.text);
    let user = by_id.json();
    for query in [
        "email=FULL.user7@EXAMPLE.com",
        "phone_number=%2B43%206641%20200007",
        "preferred_username=Full_User7",
        "external_id=legacy%207",
    ] {
        let found = client.get(&format!("/users?{query}")).await;
        assert_eq!(found.status, 200, "{query}: {}", found.text);
        assert_eq!(found.json(), user, "{query}");
    }
    let expected = json!({
        "email": "full.user7@example.com", "email_verified": true,
        "phone_number": "+436641200007", "phone_number_verified": true,
        "preferred_username": "full_user7", "external_id": "legacy 7",
        "name": "Full User 7", "birthdate": "1990-02-28", "locale": "de-AT",
        "address": {"formatted": "Ring 1\nWien", "locality": "Wien", "country": "AT"},
        "custom_attributes": {"member_id": "7", "score": 1.50},
        "roles": ["reader", "writer"], "groups": ["staff"], "disabled": false,
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(user[name], *value, "{name}");
    }
    assert_eq!(user["mfa"]["totp"], true);
    assert_eq!(user["password"]["type"], "bcrypt");
}

#[tokio::test(flavor = "multi_thread")]
async fn upsert_updates_and_without_it_an_existing_user_is_skipped() {
    let world = World::new().await;
    let (_api, client, _workers) = world.started(1).await;
    let record = |name: &str| vec![json!({"email": "user@example.com", "name": name})];
    for (name, upsert, outcome) in
        [("one", false, "inserted"), ("two", false, "skipped"), ("three", true, "updated")]
    {
        let task = client.import_records(record(name), upsert).await.task();
        let seen = assert_converged(&world, &client, &task).await;
        assert_eq!(seen["details"][0]["outcome"], outcome);
    }
    let user = client.get("/users?email=user@example.com").await.json();
    assert_eq!(user["name"], "three");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_known_users_costs_one_copy_in_vain() {
    let world = World::new().await;
    let api = world.api().env("CHUNK_RECORDS", 100).start().await;
    let worker = world.worker().env("WORKER_CONCURRENCY", 1).start().await;
    let client = world.client(&api).await;
    let known = (0..299).step_by(2).map(|number| lines(number..number + 1)).collect();
    let first = client.import_lines(known).await.task();
    assert_converged(&world, &client, &first).await;
    // Half of each chunk is known, and one record is broken.
    let again = client.import_lines("{\"email\":17}\n".to_owned() + &lines(0..299)).await.task();
    let summary = &assert_converged(&world, &client, &again).await["summary"];
    let counts = ["inserted", "skipped", "failed"].map(|outcome| summary[outcome].as_u64());
    assert_eq!(counts, [Some(149), Some(150), Some(1)]);
    let metrics = client.metrics(worker.address()).await;
    let [vain, retries, near] = [
        ("user_import_copies_in_vain_total", ""),
        ("user_import_transient_retries_total", ""),
        ("user_import_chunks_applied_total", "way=\"near\""),
    ]
    .map(|(name, label)| metrics.sum(name, label) as u64);
    assert_eq!((vain, retries, near), (1, 0, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_changes_nothing_in_the_directory() {
    let world = World::new().await;
    let (_api, client, _workers) = world.started(1).await;
    let request = client.ndjson("identifier=email&dry_run=true").body(lines_with_one_bad());
    let task = crate::harness::answer(request).await.task();
    let seen = assert_converged(&world, &client, &task).await;
    assert_eq!(
        (&seen["summary"]["inserted"], &seen["summary"]["failed"]),
        (&250.into(), &1.into())
    );
    for table in ["directory_user", "user_secret", "project_role", "project_group"] {
        assert_eq!(
            world.database.count(&format!("SELECT count(*) FROM {table}"), &[]).await,
            0,
            "{table}"
        );
    }
}

fn lines_with_one_bad() -> String {
    lines(0..249) + "{\"email\":17}\n" + &crate::harness::full(9).to_string() + "\n"
}
