//! Users as a caller reads them, and their passwords.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, Client, World, answer};

const ID: &str = "0f0f65ee-4c7d-45a0-a740-bcbbfd3fcf06";

async fn insert(world: &World, sql: &str) {
    let sql = sql
        .replace("PROJECT, ID", &format!("(SELECT number FROM project WHERE id = 'acme'), '{ID}'"));
    assert_eq!(world.database.execute(&sql, &[]).await, 1);
}

async fn verify(client: &Client, id: &str, body: &Value) -> Answer {
    answer(client.call(Method::POST, &format!("/users/{id}/verify-password")).json(body)).await
}

fn reason(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json()["error"]["reason"].as_str().unwrap_or_default().to_owned())
}

/// The kinds and places of what is wrong.
fn causes(answer: &Answer) -> Vec<(String, String)> {
    let info = answer.json()["error"]["info"]["causes"].clone();
    let text = |cause: &Value, member: &str| cause[member].as_str().unwrap().to_owned();
    info.as_array()
        .unwrap()
        .iter()
        .map(|cause| (text(cause, "location"), text(cause, "kind")))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_shown_to_the_letter_of_the_contract() {
    let world = World::new().await;
    let api = world.api().start().await;
    let client = world.client(&api).await;
    insert(
        &world,
        r#"INSERT INTO directory_user (project, id, created_at, updated_at, email_key, email_value,
            email_verified, phone_number_key, preferred_username_key, external_id_key, attributes,
            custom_attributes, roles, groups, account_valid_from, password_type,
            password_expire_after, mfa_email, mfa_password_type, has_totp)
        VALUES (PROJECT, ID, '2024-04-04T06:56:36.025Z', '2024-04-05T00:00:00Z', 'u@xn--fa-hia.de',
            'u@faß.de', true, '+85298765432', 'u', ' l 1', '{"name":"N\u00e4me","address":{"locality":"L"}}',
            '{"n":1.50}', '{b,a}', '{}', '2025-01-01T00:00:00Z', 'bcrypt', '2030-01-01T00:00:00Z',
            'm@b.c', 'bcrypt', true)"#,
    )
    .await;
    let seen = client.get(&format!("/users/{ID}")).await;
    assert_eq!(seen.status, 200, "{}", seen.text);
    assert_eq!(
        seen.text,
        concat!(
            r#"{"id":"0f0f65ee-4c7d-45a0-a740-bcbbfd3fcf06","created_at":"2024-04-04T06:56:36.025Z","#,
            r#""updated_at":"2024-04-05T00:00:00Z","email":"u@faß.de","email_verified":true,"#,
            r#""phone_number":"+85298765432","phone_number_verified":false,"preferred_username":"u","#,
            r#""external_id":" l 1","name":"N\u00e4me","address":{"locality":"L"},"custom_attributes":{"n":1.50},"#,
            r#""roles":["b","a"],"groups":[],"disabled":false,"account_valid_from":"2025-01-01T00:00:00Z","#,
            r#""password":{"type":"bcrypt","expire_after":"2030-01-01T00:00:00Z"},"#,
            r#""mfa":{"email":"m@b.c","password":{"type":"bcrypt"},"totp":true}}"#
        )
    );
    assert_eq!(seen.headers["cache-control"], "no-store");
    for query in [
        "email=%20U@FA%C3%9F.de",
        "email=u@xn--fa-hia.de",
        "phone_number=%2B852%209876%205432",
        "phone_number=+85298765432",
        "preferred_username=U",
        "external_id=+l+1",
        "external_id=%20l%201",
    ] {
        let found = client.get(&format!("/users?{query}")).await;
        assert_eq!((found.status, &found.text), (200, &seen.text), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_that_is_not_there_is_not_found_and_a_wrong_question_is_refused() {
    let world = World::new().await;
    let api = world.api().start().await;
    let client = world.client(&api).await;
    insert(&world, "INSERT INTO directory_user (project, id) VALUES (PROJECT, ID)").await;
    let bare = client.get(&format!("/users/{ID}")).await.json();
    let members: Vec<_> = bare.as_object().unwrap().keys().cloned().collect();
    assert_eq!(
        members,
        ["created_at", "custom_attributes", "disabled", "groups", "id", "roles", "updated_at"]
    );
    let unknown = client.get(&format!("/users/{}", Uuid::nil())).await;
    assert_eq!(reason(&unknown), (404, "UserNotFound".into()));
    for path in [
        &format!("/users/{}", ID.to_uppercase()),
        "/users/x",
        "/users/%ff",
        "/users?email=no@body.com",
    ] {
        let seen = client.get(path).await;
        assert_eq!((seen.status, &seen.text), (404, &unknown.text), "{path}");
    }
    for (query, expected) in [
        ("", &[("", "oneOf")][..]),
        ("email=a@b.com&external_id=1", &[("", "oneOf")]),
        ("email=a@b.com&email=a@b.com", &[("/email", "duplicateKey")]),
        ("email=nonsense&x=1", &[("/email", "format"), ("/x", "additionalProperties")]),
        ("external_id=", &[("/external_id", "minLength")]),
    ] {
        let seen = client.get(&format!("/users?{query}")).await;
        assert_eq!(reason(&seen), (400, "ValidationFailed".into()), "{query}");
        let expected: Vec<_> =
            expected.iter().map(|(at, kind)| ((*at).to_owned(), (*kind).to_owned())).collect();
        assert_eq!(causes(&seen), expected, "{query}");
    }
    let seen = client.get(&format!("/users/{ID}?fields=all")).await;
    assert_eq!(causes(&seen), [("/fields".to_owned(), "additionalProperties".to_owned())]);
    let html =
        answer(client.call(Method::GET, &format!("/users/{ID}")).header("accept", "text/html"))
            .await;
    assert_eq!(reason(&html), (406, "NotAcceptable".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_verified_against_its_hash() {
    let world = World::new().await;
    let api = world.api().env("VERIFY_COST_LIMIT", 5).start().await;
    let client = world.client(&api).await;
    let right = json!({"password": "correct horse"});
    assert_eq!(reason(&verify(&client, ID, &right).await), (404, "UserNotFound".into()));
    insert(&world, "INSERT INTO directory_user (project, id) VALUES (PROJECT, ID)").await;
    assert_eq!(verify(&client, ID, &right).await.json(), json!({"verified": false}));
    let hash = |cost| bcrypt::hash("correct horse", cost).unwrap();
    insert(
        &world,
        &format!(
            "INSERT INTO user_secret (project, user_id, password_hash) VALUES (PROJECT, ID, '{}')",
            hash(5)
        ),
    )
    .await;
    assert_eq!(verify(&client, ID, &right).await.json(), json!({"verified": true}));
    assert_eq!(
        verify(&client, ID, &json!({"password": ""})).await.json(),
        json!({"verified": false})
    );
    world.database.execute("UPDATE user_secret SET password_hash = $1", &[&hash(6)]).await;
    assert_eq!(reason(&verify(&client, ID, &right).await), (400, "PasswordHashTooCostly".into()));
    assert_eq!(causes(&verify(&client, ID, &json!({"x": 1})).await).len(), 2);
    let post = || client.call(Method::POST, &format!("/users/{ID}/verify-password"));
    assert_eq!(reason(&answer(post().body("{}")).await), (415, "UnsupportedMediaType".into()));
    let json = || post().header("content-type", "application/json");
    assert_eq!(reason(&answer(json().body("{")).await), (400, "InvalidJSON".into()));
    let large = answer(json().body(format!("{{\"password\":\"{}\"}}", "x".repeat(100_000)))).await;
    assert_eq!(reason(&large), (413, "JSONTooLarge".into()));
    for (_, log) in world.logs() {
        assert!(
            !log.contains("correct horse") && !log.contains(ID) && !log.contains("nonsense"),
            "{log}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_verifications_is_told_to_come_back_and_does_not_stop_the_rest() {
    let world = World::new().await;
    let api = world.api().start().await;
    let client = world.client(&api).await;
    insert(&world, "INSERT INTO directory_user (project, id) VALUES (PROJECT, ID)").await;
    let hash = bcrypt::hash("x", 12).unwrap();
    insert(&world, &format!("INSERT INTO user_secret (project, user_id, password_hash) VALUES (PROJECT, ID, '{hash}')"))
        .await;
    let body = json!({"password": "x"});
    let flood = futures_util::future::join_all((0..400).map(|_| verify(&client, ID, &body)));
    let health = async { client.public(api.address(), "/healthz").await.status };
    let (answers, healthy) = tokio::join!(flood, health);
    assert_eq!(healthy, 200);
    let count = |status| answers.iter().filter(|answer| answer.status == status).count();
    assert!(count(200) > 0 && count(429) > 0 && count(200) + count(429) == 400);
    let full = answers.iter().find(|answer| answer.status == 429).unwrap();
    assert!(full.headers.contains_key("retry-after"));
    assert_eq!(reason(full), (429, "RateLimited".into()));
}
