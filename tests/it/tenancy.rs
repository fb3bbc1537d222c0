//! Every endpoint, asked for what is one's own, another project's, and nobody's.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::json;

use crate::harness::{Answer, Client, Document, World, answer, assert_converged, lines};

/// The operations that name a task or a user, with what stands for it.
struct Walk {
    method: &'static str,
    template: &'static str,
    names: Names,
}

#[derive(Clone, Copy, PartialEq)]
enum Names {
    Task,
    User,
    LoginId(&'static str),
}

const WALK: [Walk; 10] = [
    Walk { method: "get", template: "/users/import/{id}", names: Names::Task },
    Walk { method: "get", template: "/users/import/{id}/events", names: Names::Task },
    Walk { method: "get", template: "/users/import/{id}/failures", names: Names::Task },
    Walk { method: "get", template: "/users/{user_id}", names: Names::User },
    Walk { method: "get", template: "/users", names: Names::LoginId("email") },
    Walk { method: "get", template: "/users", names: Names::LoginId("phone_number") },
    Walk { method: "get", template: "/users", names: Names::LoginId("preferred_username") },
    Walk { method: "get", template: "/users", names: Names::LoginId("external_id") },
    Walk { method: "post", template: "/users/{user_id}/verify-password", names: Names::User },
    Walk { method: "post", template: "/users/import/{id}/cancel", names: Names::Task },
];

/// Those that name nothing: what they answer is the caller's own, whatever others have.
const NAMELESS: [(&str, &str); 2] = [("get", "/users/import"), ("post", "/users/import")];

/// Everything that an answer says, but the moment it was given.
fn said(answer: &Answer) -> (u16, BTreeMap<String, String>, String) {
    let headers = answer.headers.iter().filter(|(name, _)| *name != "date");
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().into()));
    (answer.status, headers.collect(), answer.text.clone())
}

async fn ask(client: &Client, step: &Walk, id: &str) -> Answer {
    let mut path = step.template.replace("{id}", id).replace("{user_id}", id);
    if let Names::LoginId(name) = step.names {
        path = format!("{path}?{name}={}", id.replace('+', "%2B"));
    }
    let method = if step.method == "get" { Method::GET } else { Method::POST };
    let mut request = client.call(method, &path);
    if step.template.ends_with("verify-password") {
        request = request.json(&json!({"password": "x"}));
    }
    answer(request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_another_project_is_answered_like_what_does_not_exist() {
    let world = World::new().await;
    world.create_project("other").await;
    let (api, client, workers) = world.started(1).await;
    let document = Document::of(&client, api.address()).await;
    let user = json!({"email": "a@example.com", "phone_number": "+436641234567",
        "preferred_username": "a", "external_id": "1"});
    let ended = client.import_records(vec![user.clone(), json!({"email": 1})], false).await.task();
    let seen = assert_converged(&world, &client, &ended).await;
    let user_id = seen["details"][0]["user_id"].as_str().unwrap().to_owned();
    drop(workers);
    let pending = client.import_lines(lines(0..10)).await.task();
    let stranger = world.client_of("other", &api).await;

    for step in &WALK {
        let (own, absent) = match step.names {
            Names::Task if step.method == "post" => (pending.as_str(), "task_0"),
            Names::Task => (ended.as_str(), "task_00000000000000000000000000000000"),
            Names::User => (user_id.as_str(), "018ea7d2-fe46-7efa-9d3d-6e9c5e0e4b52"),
            Names::LoginId("phone_number") => ("+436641234567", "+436641234568"),
            Names::LoginId(name) => (user[name].as_str().unwrap(), "nobody@example.com"),
        };
        let absent = if step.names == Names::LoginId("preferred_username") { "b" } else { absent };
        let template = format!("/_api/admin{}", step.template);
        let foreign = ask(&stranger, step, own).await;
        let nobodys = ask(&stranger, step, absent).await;
        assert_eq!(said(&foreign), said(&nobodys), "{} {template}", step.method);
        assert_eq!(foreign.status, 404, "{}", foreign.text);
        let mine = ask(&client, step, own).await;
        assert_eq!(mine.status, 200, "{} {template}: {}", step.method, mine.text);
        for answer in [&foreign, &mine] {
            document.assert_documents(step.method, &template, answer);
        }
    }
    assert_eq!(client.status(&pending).await["status"], "cancelled", "by its owner alone");
    assert_eq!(stranger.get("/users/import").await.json(), json!({"tasks": []}));

    let walked = WALK.iter().map(|step| (step.method, step.template)).chain(NAMELESS);
    let walked: Vec<_> =
        walked.map(|(method, path)| format!("{method} /_api/admin{path}")).collect();
    for (method, path) in document.operations() {
        let is_walked = walked.contains(&format!("{method} {path}"));
        assert_eq!(is_walked, path.starts_with("/_api/admin"), "{method} {path} is not walked");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_is_of_its_project() {
    let world = World::new().await;
    world.create_project("other").await;
    let api = world.api().start().await;
    let mut tasks = Vec::new();
    for project in ["acme", "other", "acme"] {
        let client = world.client_of(project, &api).await;
        let request = client.ndjson("identifier=email").header("idempotency-key", "k");
        tasks.push(answer(request.body(lines(0..3))).await.task());
    }
    assert_eq!(tasks[0], tasks[2]);
    assert_ne!(tasks[0], tasks[1]);
}
