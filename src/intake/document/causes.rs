//! What is wrong with an envelope: a bounded list of causes.

use serde_json::{Value, json};

use crate::import::outcome::Cause;
use crate::import::task::Identifier;
use crate::web;

/// Arbitrary, bounded: longer than any value that is right.
const ACTUAL_BYTES_MAX: usize = 400;

#[derive(Debug, Default)]
pub(super) struct Causes {
    first: Vec<Cause>,
    more: usize,
}

impl Causes {
    const GIVEN_MAX: usize = 100;

    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    pub fn into_error(self) -> web::Error {
        web::Error::validation("invalid request body", self.first, self.more)
    }

    pub fn push(&mut self, location: String, kind: &'static str, details: Value) {
        if self.first.len() < Self::GIVEN_MAX {
            self.first.push(Cause { location, kind, details });
        } else {
            self.more += 1;
        }
    }

    pub fn wrong_type(&mut self, location: String, expected: &str, value: &[u8]) {
        let details = json!({"expected": [expected], "actual": [type_of(value)]});
        self.push(location, "type", details);
    }

    /// The boolean that stands at `name`.
    pub fn boolean(&mut self, name: &str, value: &str) -> Option<bool> {
        match value {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                self.wrong_type(pointer(name), "boolean", value.as_bytes());
                None
            }
        }
    }

    /// The identifier that stands at `name`.
    pub fn identifier(&mut self, name: &str, value: &str) -> Option<Identifier> {
        if !value.starts_with('"') {
            self.wrong_type(pointer(name), "string", value.as_bytes());
            return None;
        }
        // Half a surrogate pair is JSON and no text; it is shown as it was spelled.
        let text: String = serde_json::from_str(value).unwrap_or_else(|_| value.to_owned());
        let found = Identifier::parse(&text);
        if found.is_none() {
            let mut details = json!({"expected": Identifier::ALL.map(Identifier::as_str)});
            if text.len() <= ACTUAL_BYTES_MAX {
                details["actual"] = json!(text);
            }
            self.push(pointer(name), "enum", details);
        }
        found
    }
}

/// As JSON Schema names the type of sound JSON.
fn type_of(value: &[u8]) -> &'static str {
    match value.first() {
        Some(b'n') => "null",
        Some(b't' | b'f') => "boolean",
        Some(b'"') => "string",
        Some(b'[') => "array",
        Some(b'{') => "object",
        _ => "number",
    }
}

/// A JSON Pointer (RFC 6901) to a member; to the whole where the name is long.
pub(super) fn pointer(name: &str) -> String {
    if name.len() > ACTUAL_BYTES_MAX {
        return String::new();
    }
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}
