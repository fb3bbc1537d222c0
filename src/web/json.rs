//! A small JSON object as the body of a request: read whole, and strictly.

use std::fmt;

use axum::body::Body;
use http_body_util::{BodyExt, Limited};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Error, body};

/// Reads a body of `limit` bytes at most.
pub async fn read(request: Body, limit: u64) -> Result<Vec<u8>, Error> {
    match Limited::new(request, limit as usize).collect().await {
        Ok(whole) => Ok(whole.to_bytes().into()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            Err(Error::json_too_large(limit))
        }
        Err(error) => Err(body::broken(&*error)),
    }
}

/// The members of an object in their order, doubled names among them.
pub struct Members(pub Vec<(String, Box<RawValue>)>);

impl Members {
    pub fn parse(json: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(json).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => {
                Error::validation("the body must be a JSON object", Vec::new(), 0)
            }
            // serde counts no column of an empty document.
            _ => Error::invalid_json(error.line(), error.column().max(1)),
        })
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_keeps_its_doubled_names() {
        let members = Members::parse(br#"{"a": 1, "b": [2], "a": null}"#).unwrap().0;
        let names: Vec<_> = members.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a", "b", "a"]);
    }

    #[test]
    fn what_is_no_object_is_told_from_what_is_no_json() {
        let reason = |json: &str| Members::parse(json.as_bytes()).err().unwrap().fault().reason;
        assert_eq!(reason("[1]"), "ValidationFailed");
        assert_eq!(reason("7"), "ValidationFailed");
        for broken in ["", "{", "{\"a\":}", "{} x", "{\"a\":\"\u{1}\"}"] {
            assert_eq!(reason(broken), "InvalidJSON", "{broken}");
        }
    }
}
