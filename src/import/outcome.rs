//! What became of a record: its outcome, with what it was warned of or why it failed.

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Inserted,
    Updated,
    Skipped,
    Failed,
}

/// Something the caller said that had no effect. The record was still applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    pub message: String,
}

/// The inner object of an error answer; a failed record carries one or more of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fault {
    pub name: &'static str,
    pub reason: &'static str,
    pub message: String,
    /// The HTTP status that the same fault has, or would have, as an answer.
    pub code: u16,
    #[serde(skip_serializing_if = "Value::is_null")]
    pub info: Value,
}

/// One place where a document breaks its schema.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cause {
    /// JSON Pointer (RFC 6901) into what was sent.
    pub location: String,
    /// The JSON Schema keyword that is broken.
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Value::is_null")]
    pub details: Value,
}

/// A record's outcome before it is joined with the record's echo.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    pub outcome: Outcome,
    /// The user that the record was resolved to, if there is one.
    pub user_id: Option<Uuid>,
    pub warnings: Vec<Warning>,
    pub errors: Vec<Fault>,
}
