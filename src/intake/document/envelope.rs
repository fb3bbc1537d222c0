//! The envelope of a document: strict, and with every fault it has.

use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::Elements;
use super::causes::{Causes, pointer};
use crate::import::task::{Identifier, Options};
use crate::web;

#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub record_bytes_max: u64,
    pub records_max: u64,
}

/// A request to import records, read and checked; its records are objects.
#[derive(Debug)]
pub struct Document {
    pub options: Options,
    bytes: Vec<u8>,
    /// Where the array of records stands.
    records: Range<usize>,
}

impl Document {
    /// Checks a body. The largest takes a fifth of a second: not on a thread that serves.
    pub fn read(bytes: Vec<u8>, limits: Limits) -> Result<Self, web::Error> {
        let text =
            std::str::from_utf8(&bytes).map_err(|error| not_utf8(&bytes, error.valid_up_to()))?;
        let (options, array) = Envelope::read(text)?.finish(limits)?;
        let start = array.as_ptr() as usize - text.as_ptr() as usize;
        let records = start..start + array.len();
        Ok(Self { options, bytes, records })
    }

    pub fn records(&self) -> Elements<'_> {
        Elements::of(&self.bytes[self.records.clone()])
    }
}

#[derive(Default)]
struct Envelope<'a> {
    identifier: Member<Identifier>,
    upsert: Member<bool>,
    dry_run: Member<bool>,
    records: Member<&'a str>,
    causes: Causes,
}

#[derive(Default)]
enum Member<T> {
    #[default]
    Absent,
    /// It is there, and its cause is told.
    Wrong,
    Sound(T),
}

impl<T> Member<T> {
    /// Takes in what was read. True: it was there before.
    fn set(&mut self, read: Option<T>) -> bool {
        let read = read.map_or(Self::Wrong, Self::Sound);
        !std::mem::replace(self, read).is_absent()
    }

    fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    fn sound(self) -> Option<T> {
        match self {
            Self::Sound(value) => Some(value),
            Self::Absent | Self::Wrong => None,
        }
    }
}

impl<'a> Envelope<'a> {
    fn read(text: &'a str) -> Result<Self, web::Error> {
        if text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('{') {
            return serde_json::from_str(text).map_err(|error| not_json(&error));
        }
        let other: &RawValue = serde_json::from_str(text).map_err(|error| not_json(&error))?;
        let mut causes = Causes::default();
        causes.wrong_type(String::new(), "object", other.get().as_bytes());
        Err(causes.into_error())
    }

    /// Takes a member in; what is wrong with it becomes a cause.
    fn take(&mut self, name: &str, value: &'a RawValue) {
        let value = value.get();
        let causes = &mut self.causes;
        let is_doubled = match name {
            "identifier" => self.identifier.set(causes.identifier(name, value)),
            "upsert" => self.upsert.set(causes.boolean(name, value)),
            "dry_run" => self.dry_run.set(causes.boolean(name, value)),
            "records" => self.records.set(array(causes, name, value)),
            _ => {
                causes.push(pointer(name), "additionalProperties", Value::Null);
                false
            }
        };
        if is_doubled {
            causes.push(pointer(name), "duplicateKey", Value::Null);
        }
    }

    /// The options and the array of records, or every cause.
    fn finish(mut self, limits: Limits) -> Result<(Options, &'a str), web::Error> {
        let required =
            [("identifier", self.identifier.is_absent()), ("records", self.records.is_absent())];
        let missing: Vec<_> =
            required.iter().filter(|(_, is_missing)| *is_missing).map(|(name, _)| name).collect();
        if !missing.is_empty() {
            self.causes.push(String::new(), "required", json!({"missing": missing}));
        }
        let records = self.records.sound();
        let found = records.map(|records| look_at(records, &mut self.causes)).unwrap_or_default();
        let (Some(identifier), Some(records), true) =
            (self.identifier.sound(), records, self.causes.is_empty())
        else {
            return Err(self.causes.into_error());
        };
        found.check(limits)?;
        let upsert = self.upsert.sound().unwrap_or(false);
        let dry_run = self.dry_run.sound().unwrap_or(false);
        Ok((Options { identifier, upsert, dry_run }, records))
    }
}

fn array<'a>(causes: &mut Causes, name: &str, value: &'a str) -> Option<&'a str> {
    if value.starts_with('[') {
        return Some(value);
    }
    causes.wrong_type(pointer(name), "array", value.as_bytes());
    None
}

/// What the records of a document come to.
#[derive(Default)]
struct Found {
    count: u64,
    longest_bytes: u64,
}

fn look_at(records: &str, causes: &mut Causes) -> Found {
    let mut found = Found::default();
    for element in Elements::of(records.as_bytes()) {
        if element[0] != b'{' {
            causes.wrong_type(format!("/records/{}", found.count), "object", element);
        }
        found.count += 1;
        found.longest_bytes = found.longest_bytes.max(element.len() as u64);
    }
    if found.count == 0 {
        causes.push(pointer("records"), "minItems", json!({"expected": 1, "actual": 0}));
    }
    found
}

impl Found {
    fn check(&self, limits: Limits) -> Result<(), web::Error> {
        if self.count > limits.records_max {
            return Err(crate::intake::too_many_records(limits.records_max));
        }
        if self.longest_bytes > limits.record_bytes_max {
            return Err(web::Error::json_too_large(limits.record_bytes_max));
        }
        Ok(())
    }
}

fn not_json(error: &serde_json::Error) -> web::Error {
    web::Error::invalid_json(error.line().max(1), error.column().max(1))
}

fn not_utf8(bytes: &[u8], offset: usize) -> web::Error {
    let lines = bytes[..offset].split(|byte| *byte == b'\n');
    let column = lines.clone().next_back().map_or(0, <[u8]>::len) + 1;
    web::Error::invalid_json(lines.count(), column)
}

impl<'de: 'a, 'a> Deserialize<'de> for Envelope<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Envelope<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut envelope = Envelope::default();
                while let Some((name, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                    // A name that is no text, for it holds half a surrogate pair, is unknown.
                    let name = serde_json::from_str::<String>(name.get());
                    envelope.take(name.as_deref().unwrap_or("\u{fffd}"), value);
                }
                Ok(envelope)
            }
        }
        deserializer.deserialize_map(Object)
    }
}
