//! JSON as it was sent: borrowed, level by level, nothing converted.
//!
//! A record is read into its members, each a decoded name and the bytes of its value; deeper
//! levels are read only where a rule asks for them. So numbers and strings keep their spelling,
//! a doubled name is seen, and hostile depth costs no stack. No text of serde's leaves this file:
//! such texts quote what was sent.

mod scan;
mod values;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
pub(super) use values::glance;

/// One value, as it was spelled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raw<'a> {
    spelled: &'a str,
    /// Of a string: whether its characters are others than those that spell it.
    has_escape: bool,
}

impl<'a> Raw<'a> {
    fn new(value: &'a RawValue) -> Self {
        let spelled = value.get();
        Self { spelled, has_escape: kind_of(spelled) == Kind::String && spelled.contains('\\') }
    }

    pub const fn get(self) -> &'a str {
        self.spelled
    }
}

/// One member of an object.
#[derive(Debug)]
pub(super) struct Member<'a> {
    pub name: Cow<'a, str>,
    /// The name as it was spelled, in its quotes.
    pub spelled: Raw<'a>,
    pub value: Raw<'a>,
    /// Those of its value, once somebody has asked.
    members: OnceCell<Vec<Member<'a>>>,
}

impl<'a> Member<'a> {
    /// Its name is what spells it; [`decode_names`] mends the others.
    fn new(spelled: Raw<'a>, value: Raw<'a>) -> Self {
        let quoted = spelled.get();
        let name = Cow::Borrowed(&quoted[1..quoted.len() - 1]);
        Self { name, spelled, value, members: OnceCell::new() }
    }

    /// The same where the value is an object whose members were read with it.
    fn object(spelled: Raw<'a>, value: Raw<'a>, members: Vec<Member<'a>>) -> Self {
        Self { members: members.into(), ..Self::new(spelled, value) }
    }

    /// The members of its value, which is an object. Read once, however many rules ask.
    pub fn members(&self) -> &[Member<'a>] {
        self.members.get_or_init(|| members(self.value))
    }
}

/// A text that is one object.
#[derive(Debug)]
pub(super) struct Object<'a> {
    pub text: &'a str,
    pub members: Vec<Member<'a>>,
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
pub(super) fn read(json: &[u8]) -> Result<Object<'_>, Position> {
    let text = text_of(json)?;
    let mut members = match values::members(text) {
        Some(members) => members,
        None => read_again(text)?,
    };
    if memchr::memchr(b'\\', json).is_some() {
        if let Some(offset) = lone_surrogate(json) {
            return Err(position(json, offset));
        }
        decode_names(&mut members);
    }
    Ok(Object { text, members })
}

/// Names are in every script, where the standard library goes byte by byte; it says where a byte
/// is none of a text.
fn text_of(json: &[u8]) -> Result<&str, Position> {
    simdutf8::basic::from_utf8(json)
        .or_else(|_| std::str::from_utf8(json).map_err(|error| position(json, error.valid_up_to())))
}

/// By `serde_json`, which says where it is none.
fn read_again(text: &str) -> Result<Vec<Member<'_>>, Position> {
    let start = text.len() - text.trim_start_matches([' ', '\t', '\r', '\n']).len();
    if !text[start..].starts_with('{') {
        return Err(position(text.as_bytes(), start));
    }
    let mut spelled = serde_json::Deserializer::from_str(text);
    let members =
        Spelled::deserialize(&mut spelled).and_then(|members| spelled.end().map(|()| members));
    match members {
        Ok(Spelled(members)) => Ok(members),
        Err(error) => Err(Position { line: error.line(), column: error.column().max(1) }),
    }
}

pub(super) fn kind(value: Raw<'_>) -> Kind {
    kind_of(value.spelled)
}

fn kind_of(spelled: &str) -> Kind {
    match spelled.as_bytes().first() {
        Some(b'n') => Kind::Null,
        Some(b't' | b'f') => Kind::Boolean,
        Some(b'"') => Kind::String,
        Some(b'[') => Kind::Array,
        Some(b'{') => Kind::Object,
        _ => Kind::Number,
    }
}

/// The characters of a string that [`read`] has let through.
pub(super) fn text(string: Raw<'_>) -> Cow<'_, str> {
    let Raw { spelled, has_escape } = string;
    if has_escape {
        Cow::Owned(serde_json::from_str(spelled).expect("a string of a record that was read"))
    } else {
        Cow::Borrowed(&spelled[1..spelled.len() - 1])
    }
}

/// The members of an object that [`read`] has let through.
pub(super) fn members(object: Raw<'_>) -> Vec<Member<'_>> {
    let mut members = values::members(object.spelled).unwrap_or_else(|| {
        let Spelled(members) =
            serde_json::from_str(object.spelled).expect("an object of a record that was read");
        members
    });
    if memchr::memchr(b'\\', object.spelled.as_bytes()).is_some() {
        decode_names(&mut members);
    }
    members
}

/// The elements of an array that [`read`] has let through.
pub(super) fn elements(array: Raw<'_>) -> Vec<Raw<'_>> {
    values::elements(array.spelled).unwrap_or_else(|| {
        let elements: Vec<&RawValue> =
            serde_json::from_str(array.spelled).expect("an array of a record that was read");
        elements.into_iter().map(Raw::new).collect()
    })
}

/// Names without an escape are what they spell; the others are decoded here, once it is sure that
/// they can be.
fn decode_names(members: &mut [Member<'_>]) {
    for member in members.iter_mut().filter(|member| member.spelled.has_escape) {
        member.name = text(member.spelled);
    }
    for member in members {
        if let Some(members) = member.members.get_mut() {
            decode_names(members);
        }
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
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                    members.push(Member::new(Raw::new(name), Raw::new(value)));
                }
                Ok(Spelled(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests;
