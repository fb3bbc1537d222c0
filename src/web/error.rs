//! The one place that makes error answers.
//!
//! A constructor for each row of the contract's table of errors. What went wrong inside is logged
//! by SQLSTATE and trace id; nothing of it reaches the caller.

mod answer;
pub mod kind;

use axum::http::StatusCode;
use serde_json::{Value, json};

use self::kind::Kind;
use crate::import::outcome::{Cause, Fault};
use crate::telemetry;

/// Causes that an answer lists; `info.more` counts the rest.
const CAUSES_MAX: usize = 100;

/// An answer that refuses. Made by the constructors below and nowhere else.
#[derive(Debug, Clone)]
pub struct Error {
    fault: Box<Fault>,
    retry_after_seconds: Option<u32>,
}

/// What a caller asked for and does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotFound {
    Task,
    User,
    Path,
}

impl Error {
    fn new(kind: Kind, message: &str) -> Self {
        let Kind { code, name, reason, .. } = kind;
        let fault = Fault { name, reason, message: message.to_owned(), code, info: Value::Null };
        Self { fault: Box::new(fault), retry_after_seconds: None }
    }

    fn with_info(mut self, info: Value) -> Self {
        self.fault.info = info;
        self
    }

    fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// The body is not JSON; line and column count from 1.
    pub fn invalid_json(line: usize, column: usize) -> Self {
        Self::new(kind::INVALID_JSON, "the body is not valid JSON")
            .with_info(json!({"line": line, "column": column}))
    }

    /// The body ends too soon, cannot be decompressed, or is a broken CSV.
    pub fn invalid_body(message: &str) -> Self {
        Self::new(kind::INVALID_BODY, message)
    }

    /// As [`Self::invalid_body`], with the line of a CSV, from 1.
    pub fn invalid_body_at_line(message: &str, line: u64) -> Self {
        Self::invalid_body(message).with_info(json!({"line": line}))
    }

    /// The header of a CSV has unknown or doubled columns. They are counted and not named: a file
    /// without its header has secrets there.
    pub fn invalid_columns(message: &str, columns: usize) -> Self {
        Self::new(kind::VALIDATION_FAILED, message).with_info(json!({"columns": columns}))
    }

    /// The head of a request breaks HTTP, so that nobody can tell where its body ends. The
    /// connection is closed after it.
    pub(super) fn bad_head(message: &str) -> Self {
        Self::new(kind::INVALID_BODY, message)
    }

    /// A document or the query breaks its schema. `more` counts the causes that were found and
    /// not kept.
    pub fn validation(message: &str, mut causes: Vec<Cause>, more: usize) -> Self {
        let more = more + causes.len().saturating_sub(CAUSES_MAX);
        causes.truncate(CAUSES_MAX);
        let mut info = json!({"causes": causes});
        if more > 0 {
            info["more"] = more.into();
        }
        Self::new(kind::VALIDATION_FAILED, message).with_info(info)
    }

    /// One identical body for every token that does not verify, and for none.
    pub fn unauthorized() -> Self {
        let message = "the request needs a valid Admin API token";
        Self::new(kind::UNAUTHORIZED, message)
    }

    pub fn not_found(what: NotFound) -> Self {
        let (kind, message) = match what {
            NotFound::Task => (kind::TASK_NOT_FOUND, "there is no such task"),
            NotFound::User => (kind::USER_NOT_FOUND, "there is no such user"),
            NotFound::Path => (kind::NOT_FOUND, "there is nothing at this path"),
        };
        Self::new(kind, message)
    }

    pub fn method_not_allowed() -> Self {
        let message = "this path does not take this method; the Allow header names those it takes";
        Self::new(kind::METHOD_NOT_ALLOWED, message)
    }

    /// `offered` is the media type that the path answers with.
    pub fn not_acceptable(offered: &str) -> Self {
        let message = format!("this path answers with {offered}, which the Accept header refuses");
        Self::new(kind::NOT_ACCEPTABLE, &message)
    }

    pub fn request_timeout() -> Self {
        let message = "the body came too slowly; nothing was changed, and a retry is safe";
        Self::new(kind::REQUEST_TIMEOUT, message)
    }

    /// A cancel after the end.
    pub fn task_not_pending() -> Self {
        let message = "the task has ended, so there is nothing to cancel";
        Self::new(kind::TASK_NOT_PENDING, message)
    }

    pub fn json_too_large(limit_bytes: u64) -> Self {
        let message = format!(
            "a JSON body may hold {limit_bytes} bytes; a stream of NDJSON or CSV may hold more"
        );
        Self::new(kind::JSON_TOO_LARGE, &message).with_info(json!({"limit": limit_bytes}))
    }

    /// `message` says whether `limit` counts records or bytes.
    pub fn task_too_large(message: &str, limit: u64) -> Self {
        Self::new(kind::TASK_TOO_LARGE, message).with_info(json!({"limit": limit}))
    }

    pub(super) fn uri_too_long(limit_bytes: usize) -> Self {
        let message = format!("a path with its query may hold {limit_bytes} bytes");
        Self::new(kind::URI_TOO_LONG, &message)
    }

    pub(super) fn header_too_large(message: &str) -> Self {
        Self::new(kind::HEADER_TOO_LARGE, message)
    }

    /// `message` names what would be understood.
    pub fn unsupported_media_type(message: &str) -> Self {
        Self::new(kind::UNSUPPORTED_MEDIA_TYPE, message)
    }

    pub fn idempotency_key_reused() -> Self {
        let message = "the Idempotency-Key belongs to another request";
        Self::new(kind::IDEMPOTENCY_KEY_REUSED, message)
    }

    pub fn password_hash_too_costly() -> Self {
        let message = "the user's password hash costs more than this service verifies";
        Self::new(kind::PASSWORD_HASH_TOO_COSTLY, message)
    }

    pub fn rate_limited(message: &str, retry_after_seconds: u32) -> Self {
        Self::new(kind::RATE_LIMITED, message).retry_after(retry_after_seconds)
    }

    /// `message` says whether a retry is safe.
    pub fn unavailable(message: &str, retry_after_seconds: u32) -> Self {
        Self::new(kind::SERVICE_UNAVAILABLE, message).retry_after(retry_after_seconds)
    }

    /// The process is stopping: another one answers.
    pub fn stopping() -> Self {
        Self::unavailable("this process is stopping; nothing was changed, and a retry is safe", 1)
    }

    /// A mistake of ours. The caller gets the id by which the log tells more.
    pub fn unexpected() -> Self {
        // Without tracing there is no trace id; an id of its own still leads to the log line.
        let tracking_id = telemetry::trace_id(&tracing::Span::current())
            .unwrap_or_else(|| uuid::Uuid::new_v4().simple().to_string());
        tracing::error!(tracking_id, "a request failed unexpectedly");
        let message = "something went wrong on our side; the tracking id leads to the cause";
        Self::new(kind::UNEXPECTED_ERROR, message).with_info(json!({"tracking_id": tracking_id}))
    }

    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.fault.code).expect("the table has statuses of HTTP")
    }

    /// The inner object, as a failed record carries it too.
    pub fn fault(&self) -> &Fault {
        &self.fault
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(error: &Error) -> Value {
        json!({"error": error.fault()})
    }

    #[test]
    fn an_error_has_the_shape_of_the_contract() {
        let cause = Cause {
            location: "/identifier".into(),
            kind: "enum",
            details: json!({"expected": ["email"], "actual": "foobar"}),
        };
        let error = Error::validation("invalid request body", vec![cause], 0);
        assert_eq!(
            body(&error),
            json!({"error": {"name": "Invalid", "reason": "ValidationFailed",
                "message": "invalid request body", "code": 400,
                "info": {"causes": [{"location": "/identifier", "kind": "enum",
                    "details": {"expected": ["email"], "actual": "foobar"}}]}}})
        );
    }

    #[test]
    fn a_hundred_causes_are_given_and_the_rest_is_counted() {
        let cause = Cause { location: String::new(), kind: "type", details: Value::Null };
        let info = Error::validation("m", vec![cause; 103], 4).fault().info.clone();
        assert_eq!(info["causes"].as_array().unwrap().len(), 100);
        assert_eq!(info["more"], 7);
    }

    #[test]
    fn an_unexpected_error_gives_a_tracking_id_and_nothing_else() {
        let info = Error::unexpected().fault().info.clone();
        assert_eq!(info["tracking_id"].as_str().unwrap().len(), 32);
        assert_eq!(info.as_object().unwrap().len(), 1);
    }
}
