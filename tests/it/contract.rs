//! The contract's table of errors, row by row.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::harness::{Answer, Client, Document, Process, World, answer, lines};

/// An API without a worker, its caller and its document.
pub struct Api {
    pub process: Process,
    pub client: Client,
    pub document: Document,
    pub world: World,
}

pub async fn api() -> Api {
    let world = World::new().await;
    let limited = world.api().env("MAX_JSON_BODY_BYTES", 4096).env("MAX_TASK_RECORDS", 10);
    let process = limited.env("MAX_OPEN_TASKS", 2).start().await;
    let client = world.client(&process).await;
    let document = Document::of(&client, process.address()).await;
    Api { process, client, document, world }
}

impl Api {
    pub fn import(&self, media: &str, query: &str) -> RequestBuilder {
        let path = if query.is_empty() { String::new() } else { format!("?{query}") };
        let request = self.client.call(Method::POST, &format!("/users/import{path}"));
        request.header("content-type", media)
    }

    pub fn json(&self, body: &str) -> RequestBuilder {
        self.import("application/json", "").body(body.to_owned())
    }

    pub fn ndjson(&self, body: impl Into<String>) -> RequestBuilder {
        self.import("application/x-ndjson", "identifier=email").body(body.into())
    }

    /// Fails unless the answer is this row of the table, to its shape, and documented.
    async fn refuses(
        &self,
        template: &str,
        request: RequestBuilder,
        row: (u16, &str, &str),
    ) -> Value {
        let (client, built) = request.build_split();
        let built = built.unwrap();
        let method = built.method().to_string().to_lowercase();
        let said = answer(RequestBuilder::from_parts(client, built)).await;
        assert_row(&said, row);
        self.document.assert_documents(&method, &format!("/_api/admin{template}"), &said);
        said.json()["error"]["info"].clone()
    }
}

fn assert_row(said: &Answer, (code, name, reason): (u16, &str, &str)) {
    let body = said.json();
    let error = &body["error"];
    let seen = (said.status, &error["code"], &error["name"], &error["reason"]);
    assert_eq!(seen, (code, &json!(code), &json!(name), &json!(reason)), "{}", said.text);
    assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
    assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()));
    for foreign in ["serde", "axum", "hyper", "expected value", "at line", "SQLSTATE"] {
        assert!(!said.text.contains(foreign), "{}", said.text);
    }
    assert_eq!(said.headers["content-type"], "application/json");
}

pub const IMPORT: &str = "/users/import";

#[tokio::test(flavor = "multi_thread")]
async fn row_400_invalid_json_has_line_and_column() {
    let api = api().await;
    let row = (400, "BadRequest", "InvalidJSON");
    for (body, line, column) in [
        ("{", 1, 1),
        ("", 1, 1),
        ("{\n \"identifier\": nope}", 2, 17),
        ("{\"identifier\": \"email\", \"records\": [{}]} x", 1, 42),
    ] {
        let info = api.refuses(IMPORT, api.json(body), row).await;
        assert_eq!(info, json!({"line": line, "column": column}), "{body}");
    }
    let verify = "/users/{user_id}/verify-password";
    let path = verify.replace("{user_id}", "018ea7d2-fe46-7efa-9d3d-6e9c5e0e4b52");
    let request = api.client.call(Method::POST, &path).header("content-type", "application/json");
    api.refuses(verify, request.body("{"), row).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn row_400_invalid_body_is_bad_compression_and_bad_csv_with_its_line() {
    let api = api().await;
    let row = (400, "BadRequest", "InvalidBody");
    let gzip = api.ndjson("no gzip").header("content-encoding", "gzip");
    assert_eq!(api.refuses(IMPORT, gzip, row).await, Value::Null);
    let csv = api.import("text/csv", "identifier=email").body("email\n\"a@example.com\n");
    assert_eq!(api.refuses(IMPORT, csv, row).await, json!({"line": 2}));
}

#[tokio::test(flavor = "multi_thread")]
async fn row_400_validation_failed_names_every_place() {
    let api = api().await;
    let row = (400, "Invalid", "ValidationFailed");
    let body = r#"{"identifier": "foobar", "records": [], "x": 1, "upsert": 1, "upsert": true}"#;
    let info = api.refuses(IMPORT, api.json(body), row).await;
    let causes = info["causes"].as_array().unwrap();
    let mut found: Vec<_> = causes
        .iter()
        .map(|cause| (cause["location"].as_str().unwrap(), cause["kind"].as_str().unwrap()))
        .collect();
    found.sort_unstable();
    let expected = [
        ("/identifier", "enum"),
        ("/records", "minItems"),
        ("/upsert", "duplicateKey"),
        ("/upsert", "type"),
        ("/x", "additionalProperties"),
    ];
    assert_eq!(found, expected);
    let identifier = causes.iter().find(|cause| cause["location"] == "/identifier").unwrap();
    let expected = json!(["preferred_username", "email", "phone_number", "external_id"]);
    assert_eq!(identifier["details"], json!({"expected": expected, "actual": "foobar"}));

    let element = api.json(r#"{"identifier": "email", "records": [{"email": "a@b.c"}, 7]}"#);
    let info = api.refuses(IMPORT, element, row).await;
    assert_eq!(info["causes"][0]["location"], "/records/1");
    let many = format!(r#"{{"identifier": "email", "records": [{}7]}}"#, "7,".repeat(149));
    let info = api.refuses(IMPORT, api.json(&many), row).await;
    assert_eq!((info["causes"].as_array().unwrap().len(), &info["more"]), (100, &json!(50)));
    let query = api.client.call(Method::GET, "/users/import?limit=0&status=x&status=y&z=1");
    let info = api.refuses(IMPORT, query, row).await;
    assert_eq!(info["causes"].as_array().unwrap().len(), 4, "{info}");
    let twice = api.json("{}").header("idempotency-key", "a").header("idempotency-key", "b");
    api.refuses(IMPORT, twice, row).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn row_401_says_bearer() {
    let api = api().await;
    for (method, template) in api.document.operations() {
        let Some(path) = template.strip_prefix("/_api/admin") else { continue };
        let path = path.replace("{id}", "x").replace("{user_id}", "x");
        let method: Method = method.to_uppercase().parse().unwrap();
        let nobody = api.client.with_token("no.to.ken");
        let said = answer(nobody.call(method.clone(), &path)).await;
        assert_row(&said, (401, "Unauthorized", "Unauthorized"));
        assert_eq!(said.headers["www-authenticate"], "Bearer");
        api.document.assert_documents(&method.as_str().to_lowercase(), &template, &said);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_404_tells_tasks_users_and_paths_apart() {
    let api = api().await;
    let get = |path: &str| api.client.call(Method::GET, path);
    let task = (404, "NotFound", "TaskNotFound");
    api.refuses("/users/import/{id}", get("/users/import/x"), task).await;
    api.refuses("/users/{user_id}", get("/users/x"), (404, "NotFound", "UserNotFound")).await;
    for path in ["/nothing", "/users/x/y", ""] {
        assert_row(&api.client.get(path).await, (404, "NotFound", "NotFound"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_405_406_name_what_a_path_takes_and_gives() {
    let api = api().await;
    for (method, template) in api.document.operations() {
        let path = template.replace("{id}", "x").replace("{user_id}", "x");
        let path = path.strip_prefix("/_api/admin").unwrap_or("/../..");
        if path.starts_with("/..") {
            continue;
        }
        let deleted = answer(api.client.call(Method::DELETE, path)).await;
        assert_row(&deleted, (405, "BadRequest", "MethodNotAllowed"));
        let allowed = deleted.headers["allow"].to_str().unwrap();
        assert!(allowed.contains(&method.to_uppercase()), "{allowed}");

        let method: Method = method.to_uppercase().parse().unwrap();
        let request = api.client.call(method, path).header("accept", "image/png");
        let template = template.strip_prefix("/_api/admin").unwrap();
        api.refuses(template, request, (406, "BadRequest", "NotAcceptable")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_409_is_a_cancel_after_the_end() {
    let api = api().await;
    let task = api.client.import_lines(lines(0..3)).await.task();
    assert_eq!(api.client.cancel(&task).await.status, 200);
    let again = api.client.call(Method::POST, &format!("/users/import/{task}/cancel"));
    let row = (409, "AlreadyExists", "TaskNotPending");
    api.refuses("/users/import/{id}/cancel", again, row).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn row_413_has_the_limit_in_bytes_or_records() {
    let api = api().await;
    let large = api.json(&" ".repeat(4097));
    let info = api.refuses(IMPORT, large, (413, "RequestEntityTooLarge", "JSONTooLarge")).await;
    assert_eq!(info, json!({"limit": 4096}));
    let row = (413, "RequestEntityTooLarge", "TaskTooLarge");
    let info = api.refuses(IMPORT, api.ndjson(lines(0..11)), row).await;
    assert_eq!(info, json!({"limit": 10}));
}

#[tokio::test(flavor = "multi_thread")]
async fn row_414_431_are_a_path_and_a_header_that_are_too_large() {
    let api = api().await;
    let long = api.client.get(&format!("/users?email={}", "x".repeat(9000))).await;
    assert_row(&long, (414, "BadRequest", "URITooLong"));
    let request = api.client.call(Method::GET, IMPORT).header("x-a", "x".repeat(33_000));
    assert_row(&answer(request).await, (431, "BadRequest", "HeaderTooLarge"));
}

#[tokio::test(flavor = "multi_thread")]
async fn row_415_is_a_type_a_charset_and_an_encoding_that_are_not_understood() {
    let api = api().await;
    let row = (415, "BadRequest", "UnsupportedMediaType");
    for media in ["text/plain", "application/json; charset=latin1"] {
        api.refuses(IMPORT, api.import(media, "").body("{}"), row).await;
    }
    for coding in ["br", "gzip, zstd"] {
        api.refuses(IMPORT, api.json("{}").header("content-encoding", coding), row).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn row_422_429_are_a_key_of_another_request_and_a_task_too_many() {
    let api = api().await;
    let keyed = |records| api.ndjson(lines(0..records)).header("idempotency-key", "k");
    answer(keyed(1)).await.task();
    api.refuses(IMPORT, keyed(2), (422, "Invalid", "IdempotencyKeyReused")).await;
    api.client.import_lines(lines(0..1)).await.task();
    let row = (429, "TooManyRequest", "RateLimited");
    api.refuses(IMPORT, api.ndjson(lines(0..1)), row).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn row_500_gives_the_trace_id_and_nothing_of_the_cause() {
    let world = World::new().await;
    let process = world.api().start().await;
    let client = world.client(&process).await;
    let document = Document::of(&client, process.address()).await;
    client.get(IMPORT).await;
    world.database.execute("ALTER TABLE import_task RENAME TO elsewhere", &[]).await;
    let said = client.get(IMPORT).await;
    assert_row(&said, (500, "InternalError", "UnexpectedError"));
    document.assert_documents("get", "/_api/admin/users/import", &said);
    let info = &said.json()["error"]["info"];
    assert_eq!(info.as_object().unwrap().len(), 1, "{info}");
    assert!(process.log().contains(info["tracking_id"].as_str().unwrap()), "the log has it");
    assert!(!said.text.contains("import_task"), "{}", said.text);
    world.database.execute("ALTER TABLE elsewhere RENAME TO import_task", &[]).await;
}
