//! What every answer has in common, and what no log holds.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::contract::{IMPORT, api};
use crate::harness::{Process, answer, lines};

/// As bytes, for no client library would send it.
async fn raw(process: &Process, request: &str) -> String {
    let mut stream = TcpStream::connect(process.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text.to_lowercase()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_is_kept_by_no_cache_and_shown_in_no_frame() {
    let api = api().await;
    let task = api.client.import_lines(lines(0..3)).await.task();
    assert_eq!(api.client.cancel(&task).await.status, 200);
    let mut answers = vec![
        api.json("{").send().await.unwrap(),
        api.client.call(Method::DELETE, IMPORT).send().await.unwrap(),
        api.client.call(Method::GET, "/nothing").send().await.unwrap(),
        api.client.with_token("x").call(Method::GET, IMPORT).send().await.unwrap(),
    ];
    for path in ["", "/events", "/failures"] {
        let path = format!("/users/import/{task}{path}");
        answers.push(api.client.call(Method::GET, &path).send().await.unwrap());
    }
    for path in ["/healthz", "/readyz", "/metrics", "/openapi.json", "/nothing"] {
        answers
            .push(reqwest::get(format!("http://{}{path}", api.process.address())).await.unwrap());
    }
    let expected = [
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ("x-frame-options", "deny"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
    ];
    for answer in answers {
        for (name, value) in expected {
            let seen = answer.headers()[name].to_str().unwrap().to_lowercase();
            assert_eq!(seen, value, "{}: {name}", answer.url());
        }
        assert!(!answer.headers().contains_key("server"), "{}", answer.url());
    }
    let refused = raw(&api.process, "GET / HTTP/1.1\r\n\r\n").await;
    for (name, value) in expected {
        assert!(refused.contains(&format!("\r\n{name}: {value}\r\n")), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_hold_nothing_of_a_request_but_method_route_and_sizes() {
    let api = api().await;
    let words = ["queryword", "pathword", "headerword", "bodyword"];
    api.client.get("/users?email=queryword@example.com").await;
    api.client.get("/users/import/pathword").await;
    answer(api.client.call(Method::GET, "/pathword").header("x-any", "headerword")).await;
    answer(api.json(r#"{"bodyword": 1}"#).header("idempotency-key", "headerword")).await;
    answer(api.ndjson("{\"email\": \"bodyword@example.com\"}\n")).await.task();
    raw(&api.process, "GET /pathword?queryword HTTP/1.1\r\nBad headerword\r\n\r\n").await;
    let log = api.process.log();
    assert!(log.contains("/_api/admin/users/import/{id}"), "the template is there: {log}");
    for word in words {
        assert!(!log.contains(word), "{word}: {log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forwarded_headers_and_method_overrides_mean_nothing() {
    let api = api().await;
    let task = api.client.import_lines(lines(0..3)).await.task();
    let request = api.client.call(Method::GET, &format!("/users/import/{task}"));
    let request = request
        .header("x-http-method-override", "DELETE")
        .header("x-forwarded-host", "evil.example")
        .header("x-forwarded-prefix", "/evil")
        .header("x-original-url", "/users/import");
    let said = answer(request).await;
    assert_eq!(said.json()["id"], json!(task));
    assert!(!format!("{:?}", said.headers).contains("evil"));
    assert_eq!(api.client.status(&task).await["status"], "pending");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_parameter_is_known_and_its_words_are_those_that_are_taken() {
    let api = api().await;
    let printed = api.world.role(&["openapi"]).run().await;
    let printed: Value = serde_json::from_str(&printed.stdout).unwrap();
    assert_eq!(printed, api.document.0, "the command prints what is served");
    for (method, template) in api.document.operations() {
        let operation = api.document.operation(&method, &template);
        let path = template.replace("{id}", "x").replace("{user_id}", "x");
        let Some(path) = path.strip_prefix("/_api/admin") else { continue };
        let parameters = operation["parameters"].as_array().unwrap();
        for given in parameters.iter().filter(|given| given["in"] == "query") {
            let name = given["name"].as_str().unwrap();
            let mut schema = &given["schema"];
            if let Some(component) = schema["$ref"].as_str() {
                schema =
                    &api.document.0["components"]["schemas"][component.rsplit('/').next().unwrap()];
            }
            let mut documented = schema["enum"].as_array().cloned().unwrap_or_default();
            let cause_of = async |value: &str| {
                let method: Method = method.to_uppercase().parse().unwrap();
                let request = api.client.call(method, &format!("{path}?{name}={value}"));
                let said = answer(request.header("content-type", "text/csv")).await;
                let causes = said.json()["error"]["info"]["causes"].clone();
                let causes = causes.as_array().cloned().unwrap_or_default();
                causes.into_iter().find(|cause| cause["location"] == format!("/{name}"))
            };
            let refused = cause_of("%01").await;
            let kind = refused.as_ref().map(|cause| cause["kind"].clone());
            assert_ne!(kind, Some(json!("additionalProperties")), "{name} of {template}");
            if !documented.is_empty() {
                let mut taken = refused.unwrap()["details"]["expected"].as_array().unwrap().clone();
                taken.sort_by_key(Value::to_string);
                documented.sort_by_key(Value::to_string);
                assert_eq!(taken, documented, "{name} of {template}");
            }
            for word in documented {
                assert_eq!(cause_of(word.as_str().unwrap()).await, None, "{word}");
            }
        }
    }
}
