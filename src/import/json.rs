//! JSON as it was sent: borrowed, level by level, nothing converted.
//!
//! A record is read into its members, each a decoded name and the bytes of its value; deeper
//! levels are read only where a rule asks for them. So numbers and strings keep their spelling,
//! a doubled name is seen, and hostile depth costs no stack. No text of serde's leaves this file:
//! such texts quote what was sent.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// One member of an object.
#[derive(Debug)]
pub(super) struct Member<'a> {
    pub name: Cow<'a, str>,
    /// The name as it was spelled, in its quotes.
    pub spelled: &'a RawValue,
    pub value: &'a RawValue,
    /// Those of its value, once somebody has asked.
    members: OnceCell<Vec<Member<'a>>>,
}

impl<'a> Member<'a> {
    /// The members of its value, which is an object. Read once, however many rules ask.
    pub fn members(&self) -> &[Member<'a>] {
        self.members.get_or_init(|| members(self.value))
    }
}

/// Where JSON breaks off, both counted from 1, the column in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub line: usize,
    pub column: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
}

impl Kind {
    /// As JSON Schema names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

/// The members of the one object that these bytes must be.
///
/// A lone surrogate (`"\ud800"`) is JSON by its grammar but no text (RFC 8259, section 8.2); it is
/// refused here, because an echo that holds one could not be read by most JSON libraries.
pub(super) fn read(json: &[u8]) -> Result<Vec<Member<'_>>, Position> {
    let text = std::str::from_utf8(json).map_err(|error| position(json, error.valid_up_to()))?;
    let start = text.len() - text.trim_start_matches([' ', '\t', '\r', '\n']).len();
    if !text[start..].starts_with('{') {
        return Err(position(json, start));
    }
    let mut spelled = serde_json::Deserializer::from_str(text);
    let members =
        Spelled::deserialize(&mut spelled).and_then(|members| spelled.end().map(|()| members));
    let Spelled(mut members) =
        members.map_err(|error| Position { line: error.line(), column: error.column().max(1) })?;
    if memchr::memchr(b'\\', json).is_some() {
        if let Some(offset) = lone_surrogate(json) {
            return Err(position(json, offset));
        }
        decode_names(&mut members);
    }
    Ok(members)
}

pub(super) fn kind(value: &RawValue) -> Kind {
    match value.get().as_bytes().first() {
        Some(b'n') => Kind::Null,
        Some(b't' | b'f') => Kind::Boolean,
        Some(b'"') => Kind::String,
        Some(b'[') => Kind::Array,
        Some(b'{') => Kind::Object,
        _ => Kind::Number,
    }
}

/// The characters of a string that [`read`] has let through.
pub(super) fn text(string: &RawValue) -> Cow<'_, str> {
    let spelled = string.get();
    if has_escape(string) {
        Cow::Owned(serde_json::from_str(spelled).expect("a string of a record that was read"))
    } else {
        Cow::Borrowed(&spelled[1..spelled.len() - 1])
    }
}

/// The members of an object that [`read`] has let through.
pub(super) fn members(object: &RawValue) -> Vec<Member<'_>> {
    let Spelled(mut members) =
        serde_json::from_str(object.get()).expect("an object of a record that was read");
    decode_names(&mut members);
    members
}

/// The elements of an array that [`read`] has let through.
pub(super) fn elements(array: &RawValue) -> Vec<&RawValue> {
    serde_json::from_str(array.get()).expect("an array of a record that was read")
}

fn has_escape(string: &RawValue) -> bool {
    string.get().as_bytes().contains(&b'\\')
}

/// Names without an escape are what they spell; the others are decoded here, once it is sure that
/// they can be.
fn decode_names(members: &mut [Member<'_>]) {
    for member in members.iter_mut().filter(|member| has_escape(member.spelled)) {
        member.name = text(member.spelled);
    }
}

fn position(json: &[u8], offset: usize) -> Position {
    let before = &json[..offset];
    let line_start =
        before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    Position { line: before.split(|byte| *byte == b'\n').count(), column: offset - line_start + 1 }
}

/// The offset of an escaped surrogate without its other half. The bytes are JSON.
fn lone_surrogate(json: &[u8]) -> Option<usize> {
    let mut at = 0;
    while at < json.len() {
        at += match (json[at], unit(json, at)) {
            (b'\\', Some(0xD800..=0xDBFF)) => match unit(json, at + 6) {
                Some(0xDC00..=0xDFFF) => 12,
                _ => return Some(at),
            },
            (b'\\', Some(0xDC00..=0xDFFF)) => return Some(at),
            (b'\\', _) => 2,
            _ => 1,
        };
    }
    None
}

/// The UTF-16 code unit that is escaped at this offset, if one is.
fn unit(json: &[u8], at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// The members of an object, names as they are spelled. serde's own maps would drop a doubled one.
struct Spelled<'a>(Vec<Member<'a>>);

impl<'de> Deserialize<'de> for Spelled<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Spelled<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                // Most records have fewer members than this.
                let mut members = Vec::with_capacity(16);
                while let Some((spelled, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                    let quoted = spelled.get();
                    let name = Cow::Borrowed(&quoted[1..quoted.len() - 1]);
                    members.push(Member { name, spelled, value, members: OnceCell::new() });
                }
                Ok(Spelled(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken_at(json: &[u8]) -> (usize, usize) {
        let position = read(json).expect_err("no object");
        (position.line, position.column)
    }

    #[test]
    fn members_keep_their_order_and_their_spelling() {
        let members = read(br#" {"a": 1.50, "\u0061" : [1, {"b":2}] ,"c":"\u00e9" } "#).unwrap();
        let spelled: Vec<_> =
            members.iter().map(|m| (&*m.name, m.spelled.get(), m.value.get())).collect();
        assert_eq!(
            spelled,
            [
                ("a", r#""a""#, "1.50"),
                ("a", r#""\u0061""#, r#"[1, {"b":2}]"#),
                ("c", r#""c""#, r#""\u00e9""#)
            ]
        );
    }

    #[test]
    fn what_is_no_object_is_refused_where_it_breaks() {
        assert_eq!(broken_at(b""), (1, 1));
        assert_eq!(broken_at(b"  42"), (1, 3));
        assert_eq!(broken_at(b"[]"), (1, 1));
        assert_eq!(broken_at(b"null"), (1, 1));
        assert_eq!(broken_at(b"{\"a\":1} x"), (1, 9));
        assert_eq!(broken_at(b"{\"a\" 1}"), (1, 6));
        assert_eq!(broken_at(b"{\"a\":1,}"), (1, 8));
        assert_eq!(broken_at(b"{\"a\":\n01}"), (2, 2));
        assert_eq!(broken_at(b"{\"a\":\"\xff\"}"), (1, 7));
        assert_eq!(broken_at(b"\xef\xbb\xbf{}"), (1, 1));
        assert_eq!(broken_at(b"{\"a\":\"x\x00\"}").0, 1);
        assert_eq!(broken_at(b"{1:2}").0, 1);
    }

    #[test]
    fn lone_surrogates_are_refused_and_pairs_are_not() {
        for lone in
            [r#"{"a":"\ud800"}"#, r#"{"a":"\udc00"}"#, r#"{"a":"\ud800\u0041"}"#, r#"{"\ud83d":1}"#]
        {
            assert!(read(lone.as_bytes()).is_err(), "{lone}");
        }
        for sound in [r#"{"a":"\ud83d\ude00"}"#, r#"{"a":"\\ud800"}"#, r#"{"a":"\uD83D\uDE00\\"}"#]
        {
            assert!(read(sound.as_bytes()).is_ok(), "{sound}");
        }
        assert_eq!(broken_at(br#"{"a":["x","\ud800"]}"#), (1, 12));
    }

    #[test]
    fn hostile_depth_costs_no_stack() {
        let depth = 400_000;
        let json = format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(read(json.as_bytes()).unwrap().len(), 1);
    }
}
