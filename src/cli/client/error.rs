//! Why a request failed, as one sentence, and whether it is worth sending again.

use std::error::Error;
use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use reqwest::{Response, StatusCode};
use serde_json::Value;

use super::super::output::printable;

/// Causes shown of a refused request; the first say enough.
const CAUSES_SHOWN: usize = 3;

#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("{server} cannot be reached ({cause})")]
    Unreachable { server: String, cause: String },
    #[error("the connection broke ({0})")]
    Broken(String),
    #[error("the upload did not move for {0} seconds")]
    Stalled(u64),
    #[error("{sentence}")]
    Refused { status: StatusCode, retry_after: Option<Duration>, sentence: String },
}

impl ClientError {
    pub fn sending(error: &reqwest::Error) -> Self {
        if error.is_connect() {
            Self::Unreachable { server: server(error), cause: root(error) }
        } else {
            Self::broken(error)
        }
    }

    pub fn broken(error: &reqwest::Error) -> Self {
        Self::Broken(if error.is_timeout() { "no answer in time".to_owned() } else { root(error) })
    }

    /// Reads what the server says of it.
    pub async fn refused(answer: Response) -> Self {
        let status = answer.status();
        let seconds =
            answer.headers().get(RETRY_AFTER).and_then(|it| it.to_str().ok()?.parse().ok());
        let body = answer.json::<Value>().await.unwrap_or_default();
        Self::Refused {
            status,
            retry_after: seconds.map(Duration::from_secs),
            sentence: printable(&sentence(status, &body["error"])),
        }
    }

    /// May the same request succeed later?
    pub fn passes(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Broken(_) | Self::Stalled(_) => true,
            Self::Refused { status, .. } => matches!(status.as_u16(), 408 | 429 | 502..=504),
        }
    }

    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// Host and port; the rest of a URL may hold a password.
fn server(error: &reqwest::Error) -> String {
    let url = error.url();
    let host = url.and_then(|url| url.host_str()).unwrap_or("the server");
    url.and_then(reqwest::Url::port)
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The innermost cause, without its number: the outer ones only say that a request was sent.
fn root(error: &reqwest::Error) -> String {
    let mut innermost: &dyn Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let text = innermost.to_string();
    text.split_once(" (os error").map_or(text.clone(), |(text, _)| text.to_owned())
}

fn sentence(status: StatusCode, error: &Value) -> String {
    if status == StatusCode::UNAUTHORIZED {
        return "the server does not accept the token; check USER_IMPORT_TOKEN, or \
                USER_IMPORT_PROJECT and USER_IMPORT_KEY_FILE"
            .to_owned();
    }
    let (Some(message), Some(reason)) = (error["message"].as_str(), error["reason"].as_str())
    else {
        return format!("the server answered {status}");
    };
    let causes = error["info"]["causes"].as_array().map_or(&[][..], Vec::as_slice);
    let shown: Vec<String> = causes.iter().take(CAUSES_SHOWN).map(cause).collect();
    let causes = if shown.is_empty() { String::new() } else { format!(": {}", shown.join(", ")) };
    let line = error["info"]["line"].as_u64().map(|line| format!(", line {line}"));
    let tracking = error["info"]["tracking_id"].as_str().map(|id| format!(", tracking id {id}"));
    let about = line.or(tracking).unwrap_or_default();
    format!("the server answered {}: {message}{causes} ({reason}{about})", status.as_u16())
}

fn cause(cause: &Value) -> String {
    let location = cause["location"].as_str().filter(|it| !it.is_empty()).unwrap_or("the body");
    format!("{} at {location}", cause["kind"].as_str().unwrap_or("fault"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_is_one_sentence_with_its_causes() {
        let error = json!({"message": "invalid request body", "reason": "ValidationFailed",
            "info": {"causes": [{"location": "/identifier", "kind": "enum"}, {"location": "", "kind": "required"}]}});
        assert_eq!(
            sentence(StatusCode::BAD_REQUEST, &error),
            "the server answered 400: invalid request body: enum at /identifier, required at the body (ValidationFailed)"
        );
        assert_eq!(
            sentence(StatusCode::BAD_GATEWAY, &Value::Null),
            "the server answered 502 Bad Gateway"
        );
    }
}
