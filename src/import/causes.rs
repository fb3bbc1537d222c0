//! Collects every place where a document breaks its schema, without repeating a secret.
//!
//! At and below `/password` and `/mfa` a cause never says what stood there, and its location
//! never names an unknown member, for secrets get pasted into wrong places. Elsewhere `actual` is
//! given while it is short. What comes out is bounded whatever was sent.

use serde_json::{Map, Value, json};

use super::outcome::{Cause, Fault};

/// A place in a document: the way to it, kept on the stack, written out only for a cause.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    parent: Option<&'a At<'a>>,
    token: Token<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Token<'a> {
    Root,
    Name(&'a str),
    Index(usize),
}

impl<'a> At<'a> {
    pub const ROOT: At<'static> = At { parent: None, token: Token::Root };

    #[must_use]
    pub fn member(&'a self, name: &'a str) -> Self {
        At { parent: Some(self), token: Token::Name(name) }
    }

    #[must_use]
    pub fn element(&'a self, index: usize) -> Self {
        At { parent: Some(self), token: Token::Index(index) }
    }

    fn tokens(&self) -> Vec<Token<'a>> {
        let mut tokens = Vec::new();
        let mut at = Some(self);
        while let Some(here) = at {
            tokens.push(here.token);
            at = here.parent;
        }
        tokens.pop();
        tokens.reverse();
        tokens
    }

    fn holds_secrets(&self) -> bool {
        matches!(self.tokens().first(), Some(Token::Name("password" | "mfa")))
    }

    /// The JSON Pointer (RFC 6901) to this place, or to what holds it: where the rest of the way
    /// leads through an unknown member that may be a secret, or would grow beyond a bound.
    fn pointer(&self) -> String {
        let may_name_all = !self.holds_secrets();
        let mut pointer = String::new();
        for token in self.tokens() {
            let token = match token {
                Token::Root => String::new(),
                Token::Index(index) => index.to_string(),
                Token::Name(name) if may_name_all || BELOW_SECRETS.contains(&name) => {
                    name.replace('~', "~0").replace('/', "~1")
                }
                Token::Name(_) => break,
            };
            if pointer.len() + token.len() >= POINTER_BYTES_MAX {
                break;
            }
            pointer.push('/');
            pointer.push_str(&token);
        }
        pointer
    }
}

/// Every name that the schema knows at or below `/password` and `/mfa`.
const BELOW_SECRETS: [&str; 9] = [
    "password",
    "mfa",
    "type",
    "password_hash",
    "expire_after",
    "email",
    "phone_number",
    "totp",
    "secret",
];

/// Arbitrary, bounded: a name may be as long as its record, and a hundred causes may share it.
const POINTER_BYTES_MAX: usize = 1024;

/// Arbitrary, bounded: longer than any value that a rule lets pass.
const ACTUAL_BYTES_MAX: usize = 400;

#[derive(Debug, Default)]
pub struct Causes {
    first: Vec<Cause>,
    more: u64,
}

impl Causes {
    const GIVEN_MAX: usize = 100;

    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// All causes as one fault.
    pub fn into_fault(self, message: &str) -> Fault {
        let mut info = Map::new();
        info.insert("causes".to_owned(), json!(self.first));
        if self.more > 0 {
            info.insert("more".to_owned(), self.more.into());
        }
        Fault {
            name: "Invalid",
            reason: "ValidationFailed",
            message: message.to_owned(),
            code: 400,
            info: Value::Object(info),
        }
    }

    pub fn required(&mut self, at: &At<'_>, missing: &[&str]) {
        self.push(at, "required", json!({ "missing": missing }));
    }

    pub fn unknown(&mut self, at: &At<'_>) {
        self.push(at, "additionalProperties", Value::Null);
    }

    pub fn doubled(&mut self, at: &At<'_>) {
        self.push(at, "duplicateKey", Value::Null);
    }

    pub fn wrong_type(&mut self, at: &At<'_>, expected: &[&str], actual: &str) {
        self.push(at, "type", json!({ "expected": expected, "actual": [actual] }));
    }

    pub fn not_one_of(&mut self, at: &At<'_>, expected: &[&str], actual: &str) {
        self.push(at, "enum", json!({ "expected": expected, "actual": actual }));
    }

    pub fn not_as(&mut self, at: &At<'_>, format: &str, actual: &str) {
        self.push(at, "format", json!({ "format": format, "actual": actual }));
    }

    /// A string or name that holds U+0000, which Postgres cannot store.
    pub fn holds_null_character(&mut self, at: &At<'_>) {
        self.push(at, "pattern", json!({ "expected": "^[^\\u0000]*$" }));
    }

    pub fn too_short(&mut self, at: &At<'_>) {
        self.push(at, "minLength", json!({ "expected": 1, "actual": 0 }));
    }

    pub fn too_long(&mut self, at: &At<'_>, max: usize, actual: usize) {
        self.push(at, "maxLength", json!({ "expected": max, "actual": actual }));
    }

    pub fn too_deep(&mut self, at: &At<'_>, max: usize) {
        self.push(at, "maxDepth", json!({ "expected": max }));
    }

    /// One more place that is broken, by any keyword. `details` is an object or null.
    pub fn push(&mut self, at: &At<'_>, kind: &'static str, mut details: Value) {
        if let Some(details) = details.as_object_mut() {
            let is_long = matches!(details.get("actual"), Some(Value::String(text)) if text.len() > ACTUAL_BYTES_MAX);
            if is_long || at.holds_secrets() {
                details.remove("actual");
            }
        }
        self.add(|| at.pointer(), kind, details);
    }

    /// The same for a place below, that a JSON Pointer leads to from here.
    pub fn push_below(&mut self, at: &At<'_>, pointer: &str, kind: &'static str) {
        let fits = |location: &String| location.len() < POINTER_BYTES_MAX;
        self.add(
            || Some(at.pointer() + pointer).filter(fits).unwrap_or_else(|| at.pointer()),
            kind,
            Value::Null,
        );
    }

    fn add(&mut self, location: impl FnOnce() -> String, kind: &'static str, details: Value) {
        if self.first.len() < Self::GIVEN_MAX {
            self.first.push(Cause { location: location(), kind, details });
        } else {
            self.more += 1;
        }
    }
}
