//! What became of a record: its outcome, with what it was warned of or why it failed.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::task::Identifier;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    Inserted,
    Updated,
    Skipped,
    Failed,
}

impl Outcome {
    /// As details and metrics name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inserted => "inserted",
            Self::Updated => "updated",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }
}

/// Something the caller said that had no effect. The record was still applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Warning {
    pub message: Cow<'static, str>,
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

impl Fault {
    /// A line that is no JSON object. The position is counted from 1 within the record's own
    /// bytes, the column in bytes; [`Fault::at_line`] moves it to where the record stands.
    pub fn invalid_json(line: usize, column: usize) -> Self {
        Self {
            name: "BadRequest",
            reason: "InvalidJSON",
            message: "invalid JSON".to_owned(),
            code: 400,
            info: json!({ "line": line, "column": column }),
        }
    }

    /// Hashes that do not have the structure of their type.
    pub fn invalid_password_hash(locations: &[&str]) -> Self {
        Self {
            name: "Invalid",
            reason: "InvalidPasswordHash",
            message: "invalid password hash".to_owned(),
            code: 400,
            info: json!({ "locations": locations }),
        }
    }

    pub fn invalid_account_valid_period() -> Self {
        Self {
            name: "Invalid",
            reason: "InvalidAccountValidPeriod",
            message: "account_valid_from must be before account_valid_until".to_owned(),
            code: 400,
            info: Value::Null,
        }
    }

    /// Roles or groups that the project does not have.
    pub fn unknown_keys(roles: &[&str], groups: &[&str]) -> Self {
        let mut info = Map::new();
        for (name, keys) in [("roles", roles), ("groups", groups)] {
            if !keys.is_empty() {
                info.insert(name.to_owned(), json!(keys));
            }
        }
        Self {
            name: "NotFound",
            reason: "UnknownKeys",
            message: "unknown role or group".to_owned(),
            code: 404,
            info: Value::Object(info),
        }
    }

    /// Login ids that belong to another user: which, never whose.
    pub fn duplicated_identity(fields: &[Identifier]) -> Self {
        let fields: Vec<_> = fields.iter().map(|field| field.as_str()).collect();
        Self {
            name: "AlreadyExists",
            reason: "DuplicatedIdentity",
            message: "login id belongs to another user".to_owned(),
            code: 409,
            info: json!({ "fields": fields }),
        }
    }

    /// A record of more than `limit` bytes; what stood there was not kept.
    pub fn record_too_large(limit: u64) -> Self {
        Self {
            name: "RequestEntityTooLarge",
            reason: "RecordTooLarge",
            message: "record too large".to_owned(),
            code: 413,
            info: json!({ "limit": limit }),
        }
    }

    /// A CSV row that has not as many cells as the header has columns.
    pub fn bad_row(line: u64, cells: u64, columns: u64) -> Self {
        Self {
            name: "BadRequest",
            reason: "InvalidBody",
            message: format!("the row has {cells} cells and the header {columns} columns"),
            code: 400,
            info: json!({ "line": line }),
        }
    }

    /// Tried alone, the record was refused by the database or ended the worker.
    pub fn unprocessable() -> Self {
        Self {
            name: "InternalError",
            reason: "Unprocessable",
            message: "the record could not be processed; nothing of it was applied".to_owned(),
            code: 500,
            info: Value::Null,
        }
    }

    /// Moves the position of an `InvalidJSON` from the record to the file that it begins in at
    /// this line. Leaves every other fault as it is.
    #[must_use]
    pub fn at_line(mut self, line: u64) -> Self {
        if let Some(within) = self.info.get_mut("line").filter(|_| self.reason == "InvalidJSON") {
            *within = (line + within.as_u64().unwrap_or(1) - 1).into();
        }
        self
    }
}
