//! The OpenAPI document that an API serves, as something to hold answers to.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::{Answer, Client};

#[derive(Debug)]
pub struct Document(pub Value);

impl Document {
    pub async fn of(client: &Client, address: SocketAddr) -> Self {
        let answer = client.public(address, "/openapi.json").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        Self(answer.json())
    }

    /// Every operation as its method and its path's template.
    pub fn operations(&self) -> Vec<(String, String)> {
        let paths = self.0["paths"].as_object().unwrap().iter();
        paths
            .flat_map(|(path, item)| {
                item.as_object().unwrap().keys().map(|method| (method.clone(), path.clone()))
            })
            .collect()
    }

    pub fn operation(&self, method: &str, path: &str) -> &Value {
        let operation = &self.0["paths"][path][method];
        assert!(operation.is_object(), "{method} {path} is not documented");
        operation
    }

    /// Fails unless this operation is documented to answer with this status, and the body keeps
    /// the schema that stands there.
    pub fn assert_documents(&self, method: &str, path: &str, answer: &Answer) {
        let operation = self.operation(method, path);
        let response = &operation["responses"][answer.status.to_string()];
        let said = format!("{method} {path}: {} {}", answer.status, answer.text);
        assert!(response.is_object(), "not documented: {said}");
        let media = answer.headers["content-type"].to_str().unwrap();
        let media = media.split(';').next().unwrap();
        let content = &response["content"][media];
        assert!(content.is_object(), "{media} is not documented: {said}");
        let mut schema = content["schema"].clone();
        schema["components"] = self.0["components"].clone();
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        for value in values(media, &answer.text) {
            let errors: Vec<String> =
                validator.iter_errors(&value).map(|error| error.to_string()).collect();
            assert!(errors.is_empty(), "{said}: {errors:?}");
        }
        if answer.status >= 400 && media == "application/json" && path != "/readyz" {
            let reason = &answer.json()["error"]["reason"];
            let examples = content["examples"].as_object().unwrap();
            assert!(examples.contains_key(reason.as_str().unwrap()), "{reason}: {said}");
        }
    }
}

/// What a schema speaks of: a document, each line, or each event's data.
fn values(media: &str, text: &str) -> Vec<Value> {
    let parse = |text: &str| serde_json::from_str(text).unwrap();
    match media {
        "application/json" => vec![parse(text)],
        "application/x-ndjson" => text.lines().map(parse).collect(),
        "text/event-stream" => {
            text.lines().filter_map(|line| line.strip_prefix("data: ")).map(parse).collect()
        }
        _ => vec![json!(text)],
    }
}
