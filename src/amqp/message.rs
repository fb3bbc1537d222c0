//! The one message: a chunk, sealed, with the headers that say which.
//!
//! All headers but `published` and `traceparent` are the seal's associated data, so a body under
//! another chunk's headers does not open.

use bytes::Bytes;
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, LongString};

/// The layout of headers and body that this release writes and reads.
pub const VERSION: i32 = 1;

/// Persistent, by AMQP 0-9-1.
const PERSISTENT: u8 = 2;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkMessage {
    pub project: i32,
    pub task: i64,
    pub first_index: i64,
    pub record_count: i32,
    /// Which publication of the chunk this is, from 1.
    pub published: i32,
    /// The relay's span that published it.
    pub traceparent: Option<String>,
    /// The same bytes that stand in Postgres until the chunk is applied.
    pub sealed: Bytes,
}

/// A message that no release of ours wrote, or a later one did.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadMessage {
    #[error("the message has version {0}, which this release does not read")]
    Version(i64),
    #[error("the message lacks a usable header `{0}`")]
    Header(&'static str),
}

impl ChunkMessage {
    /// Tells one publication from every other; returned messages are matched by it.
    pub fn id(&self) -> String {
        format!("{}.{}.{}.{}", self.project, self.task, self.first_index, self.published)
    }

    pub(super) fn properties(&self) -> BasicProperties {
        let mut headers = FieldTable::default();
        let mut put = |name: &str, value| {
            headers.insert(name.into(), value);
        };
        put("v", AMQPValue::LongInt(VERSION));
        put("project", AMQPValue::LongInt(self.project));
        put("task", AMQPValue::LongLongInt(self.task));
        put("first_index", AMQPValue::LongLongInt(self.first_index));
        put("record_count", AMQPValue::LongInt(self.record_count));
        put("published", AMQPValue::LongInt(self.published));
        if let Some(traceparent) = &self.traceparent {
            put("traceparent", AMQPValue::LongString(LongString::from(traceparent.as_str())));
        }
        BasicProperties::default()
            .with_delivery_mode(PERSISTENT)
            .with_message_id(self.id().into())
            .with_content_type("application/octet-stream".into())
            .with_type("chunk".into())
            .with_headers(headers)
    }

    pub(super) fn read(properties: &BasicProperties, body: Vec<u8>) -> Result<Self, BadMessage> {
        let empty = FieldTable::default();
        let headers = properties.headers().as_ref().unwrap_or(&empty);
        let number = |name: &'static str| integer(headers, name).ok_or(BadMessage::Header(name));
        let version = number("v")?;
        if version != i64::from(VERSION) {
            return Err(BadMessage::Version(version));
        }
        let small =
            |name: &'static str| i32::try_from(number(name)?).map_err(|_| BadMessage::Header(name));
        Ok(Self {
            project: small("project")?,
            task: number("task")?,
            first_index: number("first_index")?,
            record_count: small("record_count")?,
            published: small("published")?,
            traceparent: text(headers, "traceparent"),
            sealed: body.into(),
        })
    }
}

fn integer(headers: &FieldTable, name: &str) -> Option<i64> {
    match headers.inner().get(name)? {
        AMQPValue::LongInt(value) => Some(i64::from(*value)),
        AMQPValue::LongLongInt(value) => Some(*value),
        _ => None,
    }
}

fn text(headers: &FieldTable, name: &str) -> Option<String> {
    match headers.inner().get(name)? {
        AMQPValue::LongString(value) => {
            std::str::from_utf8(value.as_bytes()).ok().map(str::to_owned)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> ChunkMessage {
        ChunkMessage {
            project: 7,
            task: 1 << 40,
            first_index: 2000,
            record_count: 1000,
            published: 2,
            traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
            sealed: Bytes::from_static(&[1, 2, 3]),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let sent = message();
        assert_eq!(ChunkMessage::read(&sent.properties(), vec![1, 2, 3]), Ok(sent));
    }

    #[test]
    fn garbage_is_named_and_no_panic() {
        let none = ChunkMessage::read(&BasicProperties::default(), Vec::new());
        assert_eq!(none, Err(BadMessage::Header("v")));
        let mut headers = FieldTable::default();
        headers.insert("v".into(), AMQPValue::LongInt(9));
        let newer = BasicProperties::default().with_headers(headers);
        assert_eq!(ChunkMessage::read(&newer, Vec::new()), Err(BadMessage::Version(9)));
    }
}
