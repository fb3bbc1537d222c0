//! `POST /users/{user_id}/verify-password`: does the imported hash still log its user in?

use axum::Json;
use axum::body::Body;
use axum::extract::State as Extract;
use axum::http::HeaderMap;
use serde::Serialize;
use serde_json::{Value, json};

use super::find::user_id;
use super::{State, store};
use crate::import::outcome::Cause;
use crate::import::record::Secret;
use crate::web::json::{Members, read};
use crate::web::query::{Query, pointer};
use crate::web::route::{Content, Route};
use crate::web::{Caller, Error, Id, NotFound, accepts, content_is_plain_json, kind};

pub const ROUTE: Route = Route {
    takes: &[Content {
        media: "application/json",
        schema: r#"{"type": "object", "properties": {"password": {"type": "string"}}, "required": ["password"], "additionalProperties": false}"#,
        example: r#"{"password": "correct horse"}"#,
    }],
    gives: &[Content {
        media: "application/json",
        schema: r#"{"type": "object", "properties": {"verified": {"type": "boolean"}}, "required": ["verified"], "additionalProperties": false}"#,
        example: r#"{"verified": true}"#,
    }],
    errors: &[
        kind::INVALID_JSON,
        kind::JSON_TOO_LARGE,
        kind::NOT_ACCEPTABLE,
        kind::PASSWORD_HASH_TOO_COSTLY,
        kind::RATE_LIMITED,
        kind::REQUEST_TIMEOUT,
        kind::UNSUPPORTED_MEDIA_TYPE,
        kind::USER_NOT_FOUND,
        kind::VALIDATION_FAILED,
    ],
    ..Route::post(
        "/users/{user_id}/verify-password",
        "verifyPassword",
        "Proof that a migrated hash still logs its user in.",
    )
};

/// Of a body. Arbitrary, bounded: bcrypt looks at 72 bytes of the password.
const BODY_BYTES_MAX: u64 = 64 * 1024;

#[derive(Serialize)]
pub struct Answer {
    verified: bool,
}

pub async fn handle(
    caller: Caller,
    Extract(state): Extract<State>,
    id: Id,
    query: Query,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Answer>, Error> {
    accepts(&headers, "application/json")?;
    query.finish()?;
    content_is_plain_json(&headers)?;
    let password = password(&read(body, BODY_BYTES_MAX).await?)?;
    let stored = store::password_hash(&state.pool, caller.project, user_id(&id)?).await?;
    let verified = match stored.ok_or_else(|| Error::not_found(NotFound::User))? {
        Some(hash) => state.hashing.verify(password.0, hash).await?,
        None => false,
    };
    Ok(Json(Answer { verified }))
}

/// The one member that the body has. No cause shows what was sent: it may be a secret.
fn password(body: &[u8]) -> Result<Secret, Error> {
    let Members(members) = Members::parse(body)?;
    let mut causes = Vec::new();
    let mut cause = |location: &str, kind, details| {
        causes.push(Cause { location: location.to_owned(), kind, details });
    };
    let mut given = None;
    for (name, value) in &members {
        match name.as_str() {
            "password" if given.is_some() => cause("/password", "duplicateKey", Value::Null),
            "password" => given = Some(value),
            _ => cause(&pointer(name), "additionalProperties", Value::Null),
        }
    }
    let password = given.and_then(|value| serde_json::from_str(value.get()).ok());
    match (given, &password) {
        (None, _) => cause("", "required", json!({"missing": ["password"]})),
        (Some(_), None) => cause("/password", "type", json!({"expected": ["string"]})),
        _ => {}
    }
    match password {
        Some(password) if causes.is_empty() => Ok(Secret(password)),
        _ => Err(Error::validation("invalid request body", causes, 0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_has_one_member_that_is_a_string() {
        assert_eq!(password(br#"{"password": "p\u00e4ss"}"#).unwrap().0, "p\u{e4}ss");
        for (body, kinds) in [
            ("{}", &["required"][..]),
            (r#"{"password": 7}"#, &["type"]),
            (r#"{"password": null}"#, &["type"]),
            (r#"{"password": "hunter2", "password": "hunter2"}"#, &["duplicateKey"]),
            (
                r#"{"pass": "hunter2", "x": 2}"#,
                &["additionalProperties", "additionalProperties", "required"],
            ),
        ] {
            let error = password(body.as_bytes()).unwrap_err();
            let info = &error.fault().info;
            let found: Vec<_> = info["causes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|c| c["kind"].as_str().unwrap())
                .collect();
            assert_eq!(found, kinds, "{body}");
            assert!(!info.to_string().contains("hunter2"), "{info}");
        }
        assert_eq!(password(b"[]").unwrap_err().fault().reason, "ValidationFailed");
        assert_eq!(password(b"{").unwrap_err().fault().reason, "InvalidJSON");
    }
}
