//! What became of each record of a chunk, as the JSON that callers read.
//!
//! The blob is the details of the chunk in index order, comma-joined and compressed, so that a
//! status answer is blobs inflated and joined, never parsed.

use std::cell::Cell;
use std::io::Write;

use uuid::Uuid;

use super::Error;
use crate::import::outcome::{Fault, Outcome, Verdict};

/// What the details of one chunk may inflate to. Echoes are about a payload's size; errors are
/// bounded for each record below, and come to 110 MB in the worst chunk of 1 MiB.
pub const DETAILS_BYTES_MAX: usize = 256 << 20;

/// What the errors of one record may take. A fault names each place by its whole path, so a
/// hundred causes below one long key would take a hundred times the record.
const ERRORS_BYTES_MAX: usize = 256 << 10;

/// The details of a chunk as they are stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    pub blob: Vec<u8>,
    pub failed: i32,
    /// Records that were applied and warned of something.
    pub warned: i32,
}

thread_local! {
    /// The memory of a thread's last details, for its next.
    static TEXT: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

#[derive(Debug, Default)]
pub struct DetailsWriter {
    text: Vec<u8>,
    failed: i32,
    warned: i32,
}

impl DetailsWriter {
    /// With room for the echoes and outcomes of so many records of so many bytes together.
    pub fn with_capacity(records: usize, bytes: usize) -> Self {
        // A detail is its echo, and 100 to 150 bytes.
        let mut text = TEXT.take();
        text.reserve(bytes + 150 * records);
        Self { text, ..Self::default() }
    }

    /// Adds one record: its index in the request, its redacted echo (one JSON value) if it has
    /// one, and its verdict.
    pub fn push(&mut self, index: i64, echo: Option<&[u8]>, verdict: &Verdict) {
        if !self.text.is_empty() {
            self.text.push(b',');
        }
        self.failed += i32::from(verdict.outcome == Outcome::Failed);
        self.warned += i32::from(!verdict.warnings.is_empty());
        write_number(&mut self.text, index);
        if let Some(echo) = echo {
            self.text.extend_from_slice(b",\"record\":");
            self.text.extend_from_slice(echo);
        }
        write_plain(&mut self.text, "outcome", verdict.outcome.as_str());
        if let Some(user_id) = verdict.user_id {
            let mut text = Uuid::encode_buffer();
            write_plain(&mut self.text, "user_id", user_id.hyphenated().encode_lower(&mut text));
        }
        if !verdict.warnings.is_empty() {
            write_json(&mut self.text, "warnings", &verdict.warnings);
        }
        if !verdict.errors.is_empty() {
            self.write_errors(&verdict.errors);
        }
        self.text.push(b'}');
    }

    pub fn finish(mut self) -> Details {
        let blob = super::deflate(&self.text);
        self.text.clear();
        self.text.shrink_to(super::BUFFER_BYTES_KEPT);
        TEXT.set(self.text);
        Details { blob, failed: self.failed, warned: self.warned }
    }

    fn write_errors(&mut self, errors: &[Fault]) {
        let start = self.text.len();
        write_json(&mut self.text, "errors", errors);
        if self.text.len() - start > ERRORS_BYTES_MAX {
            self.text.truncate(start);
            let short: Vec<Fault> = errors
                .iter()
                .map(|fault| Fault { info: serde_json::Value::Null, ..fault.clone() })
                .collect();
            write_json(&mut self.text, "errors", &short);
        }
    }
}

/// The details of a chunk as comma-joined JSON objects.
pub fn read_details(blob: &[u8]) -> Result<Vec<u8>, Error> {
    super::inflate(blob, DETAILS_BYTES_MAX)
}

fn write_number(text: &mut Vec<u8>, index: i64) {
    write!(text, "{{\"index\":{index}").expect("a Vec takes every byte");
}

/// A string that needs no escape.
fn write_plain(text: &mut Vec<u8>, name: &str, value: &str) {
    for part in [",\"", name, "\":\"", value, "\""] {
        text.extend_from_slice(part.as_bytes());
    }
}

fn write_json<T: serde::Serialize + ?Sized>(text: &mut Vec<u8>, name: &str, value: &T) {
    write!(text, ",\"{name}\":").expect("a Vec takes every byte");
    serde_json::to_writer(text, value).expect("these types serialize, and a Vec takes every byte");
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::import::outcome::Warning;

    fn verdict(outcome: Outcome, user_id: Option<&str>) -> Verdict {
        let user_id = user_id.map(|id| id.parse().unwrap());
        Verdict { outcome, user_id, warnings: Vec::new(), errors: Vec::new() }
    }

    fn fault(info: Value) -> Fault {
        Fault {
            name: "Invalid",
            reason: "ValidationFailed",
            message: "invalid".to_owned(),
            code: 400,
            info,
        }
    }

    #[test]
    fn the_bytes_are_those_of_the_contract() {
        let mut writer = DetailsWriter::default();
        writer.push(
            0,
            Some(br#"{"email":"user1@example.com","password":{"type":"bcrypt","password_hash":"REDACTED"}}"#),
            &verdict(Outcome::Inserted, Some("0f0f65ee-4c7d-45a0-a740-bcbbfd3fcf06")),
        );
        let warned = Verdict {
            warnings: vec![Warning {
                message: "email_verified = false has no effect in insert.".into(),
            }],
            ..verdict(Outcome::Inserted, Some("9c71fc29-6db6-4a18-aa73-774139fed16d"))
        };
        writer.push(1, Some(br#"{"email":"user2@example.com","email_verified":false}"#), &warned);
        let details = writer.finish();
        assert_eq!((details.failed, details.warned), (0, 1));
        let expected = concat!(
            r#"{"index":0,"record":{"email":"user1@example.com","password":{"type":"bcrypt","password_hash":"REDACTED"}},"#,
            r#""outcome":"inserted","user_id":"0f0f65ee-4c7d-45a0-a740-bcbbfd3fcf06"},"#,
            r#"{"index":1,"record":{"email":"user2@example.com","email_verified":false},"#,
            r#""outcome":"inserted","user_id":"9c71fc29-6db6-4a18-aa73-774139fed16d","#,
            r#""warnings":[{"message":"email_verified = false has no effect in insert."}]}"#,
        );
        assert_eq!(String::from_utf8(read_details(&details.blob).unwrap()).unwrap(), expected);
    }

    #[test]
    fn a_failed_record_without_an_echo_says_why() {
        let mut writer = DetailsWriter::default();
        let failed =
            Verdict { errors: vec![fault(json!({"line": 7}))], ..verdict(Outcome::Failed, None) };
        writer.push(7, None, &failed);
        let details = writer.finish();
        assert_eq!((details.failed, details.warned), (1, 0));
        let expected = concat!(
            r#"{"index":7,"outcome":"failed","errors":[{"name":"Invalid","reason":"ValidationFailed","#,
            r#""message":"invalid","code":400,"info":{"line":7}}]}"#,
        );
        assert_eq!(String::from_utf8(read_details(&details.blob).unwrap()).unwrap(), expected);
    }

    #[test]
    fn errors_beyond_their_bound_lose_their_info() {
        let mut writer = DetailsWriter::default();
        let long = fault(json!({"causes": "x".repeat(ERRORS_BYTES_MAX)}));
        writer.push(0, None, &Verdict { errors: vec![long], ..verdict(Outcome::Failed, None) });
        let text = read_details(&writer.finish().blob).unwrap();
        assert!(text.len() < 200 && text.ends_with(br#""code":400}]}"#));
    }

    #[test]
    fn damaged_details_are_an_error() {
        assert!(matches!(read_details(b"no zstd"), Err(Error::Compression)));
    }
}
