//! The OpenAPI 3.1 document, made of the routes that are served and of the one table of errors.
//!
//! Only the schemas stand apart, in `schemas.json`; a test holds the answers to them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::health::Health;
use crate::web::kind::{self, Kind};
use crate::web::route::{Content, Method, Parameter, Route, Routes};
use crate::{directory, intake, report};

/// What every path of the API begins with.
pub const ADMIN: &str = "/_api/admin";

const ABOUT: &str = "Imports user bases of any size, as JSON, NDJSON or CSV. A task that is answered with 200 \
    ends with an outcome for every record. Every error has the shape of the schema `Error`; its \
    reasons stand at each status. Another project's task or user is answered like one that does \
    not exist. Unknown and doubled query parameters are refused.";

/// What any request may be answered with: its head, its token or the machine may be at fault.
const OF_EVERY_REQUEST: [Kind; 4] =
    [kind::INVALID_BODY, kind::URI_TOO_LONG, kind::HEADER_TOO_LARGE, kind::UNEXPECTED_ERROR];
const WITH_A_TOKEN: [Kind; 2] = [kind::UNAUTHORIZED, kind::SERVICE_UNAVAILABLE];
/// Of no documented operation: they answer to paths and methods that there are not.
const OF_NO_OPERATION: [Kind; 2] = [kind::NOT_FOUND, kind::METHOD_NOT_ALLOWED];

const ROUTE: Route = Route {
    needs_token: false,
    gives: &[Content {
        media: "application/json",
        schema: r#"{"type": "object"}"#,
        example: r#"{"openapi": "3.1.0"}"#,
    }],
    ..Route::get("/openapi.json", "openapi", "This document.")
};

static TEXT: LazyLock<String> = LazyLock::new(|| document().to_string());

/// The route that serves the document.
pub fn routes() -> Routes<()> {
    Routes::new().on(&ROUTE, serve)
}

async fn serve() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], TEXT.as_str()).into_response()
}

/// The whole document.
pub fn document() -> Value {
    let mut paths = Map::new();
    let admin = [intake::routes().list(), report::routes().list(), directory::routes().list()];
    let own = [routes().list(), Health::routes().list()];
    let all = admin.concat().into_iter().map(|route| (ADMIN, route));
    for (prefix, route) in all.chain(own.concat().into_iter().map(|route| ("", route))) {
        let path = format!("{prefix}{}", route.path);
        let method = match route.method {
            Method::Get => "get",
            Method::Post => "post",
        };
        let item = paths.entry(path).or_insert_with(|| json!({}));
        item[method] = operation(route);
    }
    let of_no_operation = responses(&OF_NO_OPERATION.iter().collect::<Vec<_>>());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "user-import",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "responses": of_no_operation,
            "securitySchemes": {"token": {
                "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                "description": "An Admin API JWT, signed RS256 by one of the project's keys; `aud` is the project, `exp` is required.",
            }},
        },
    })
}

fn schemas() -> Value {
    let mut schemas = json(include_str!("schemas.json"));
    let reasons: Vec<_> = kind::ALL.iter().map(|kind| kind.reason).collect();
    schemas["Error"]["properties"]["error"]["properties"]["reason"]["enum"] = json!(reasons);
    schemas
}

fn operation(route: &Route) -> Value {
    let mut kinds: Vec<&Kind> = route.errors.iter().chain(&OF_EVERY_REQUEST).collect();
    if route.needs_token {
        kinds.extend(&WITH_A_TOKEN);
    }
    let mut responses = responses(&kinds);
    responses["200"] = json!({"description": "Done.", "content": content(route.gives)});
    if route.name == "isReady" {
        responses["503"] = json!({"description": "Not ready.", "content": content(route.gives)});
    }
    let mut parameters = path_parameters(route.path);
    parameters.extend(route.query.iter().map(|given| parameter("query", given)));
    parameters.extend(route.headers.iter().map(|given| parameter("header", given)));
    let mut operation = json!({
        "operationId": route.name,
        "summary": route.about,
        "parameters": parameters,
        "responses": responses,
        "security": if route.needs_token { json!([{"token": []}]) } else { json!([]) },
    });
    if !route.takes.is_empty() {
        operation["requestBody"] = json!({"required": true, "content": content(route.takes)});
    }
    operation
}

fn path_parameters(path: &str) -> Vec<Value> {
    let names = path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    let parameter = |name: &str| {
        let example = match name {
            "user_id" => "018ea7d2-fe46-7efa-9d3d-6e9c5e0e4b52",
            _ => "task_4WZ0V7EPT4GZ2ABVN03QXYZ122W835C1",
        };
        json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}, "example": example})
    };
    names.map(parameter).collect()
}

fn parameter(place: &str, given: &Parameter) -> Value {
    json!({
        "name": given.name, "in": place, "required": given.required,
        "description": given.about, "schema": json(given.schema),
    })
}

fn content(contents: &[Content]) -> Value {
    let one = |content: &Content| {
        let example = match content.media {
            "application/json" => json(content.example),
            _ => Value::from(content.example),
        };
        let media = json!({"schema": json(content.schema), "example": example});
        (content.media.to_owned(), media)
    };
    contents.iter().map(one).collect::<Map<_, _>>().into()
}

/// By status; kinds that share one share its answer.
fn responses(kinds: &[&Kind]) -> Value {
    let mut by_status: BTreeMap<u16, Vec<&Kind>> = BTreeMap::new();
    for kind in kinds {
        by_status.entry(kind.code).or_default().push(kind);
    }
    let response = |(status, kinds): (u16, Vec<&Kind>)| {
        let about: Vec<_> =
            kinds.iter().map(|kind| format!("`{}`: {}", kind.reason, kind.when)).collect();
        let example = |kind: &&Kind| {
            let Kind { code, name, reason, when } = kind;
            let fault = json!({"name": name, "reason": reason, "message": when, "code": code});
            ((*reason).to_owned(), json!({"value": {"error": fault}}))
        };
        let examples: Map<_, _> = kinds.iter().map(example).collect();
        let mut response = json!({
            "description": about.join("\n\n"),
            "content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/Error"}, "examples": examples,
            }},
        });
        let header = match status {
            401 => Some(("WWW-Authenticate", "string")),
            429 | 503 => Some(("Retry-After", "integer")),
            _ => None,
        };
        if let Some((name, kind)) = header {
            response["headers"] = json!({name: {"required": true, "schema": {"type": kind}}});
        }
        (status.to_string(), response)
    };
    by_status.into_iter().map(response).collect::<Map<_, _>>().into()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("what stands in the source is JSON, as a test has seen")
}

#[cfg(test)]
mod tests;
