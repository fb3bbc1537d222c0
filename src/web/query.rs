//! Strict reading of query parameters.
//!
//! A parameter that the path does not know, or that is given twice, is an error with a cause of
//! its own, and all causes are given. Values are decoded as forms are: `%` escapes, and a `+` is a
//! space, for that is how the libraries of every language write them.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde_json::{Value, json};

use super::Error;
use crate::import::outcome::Cause;

/// The decoded parameters of a request, and what is wrong with them so far.
#[derive(Debug)]
pub struct Query {
    pairs: Vec<(String, String)>,
    causes: Vec<Cause>,
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        Ok(Self::read(parts.uri.query().unwrap_or_default()))
    }
}

impl Query {
    pub fn read(query: &str) -> Self {
        let mut read = Self { pairs: Vec::new(), causes: Vec::new() };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            // A name that is no text is none that any path knows.
            let name = decode(name).unwrap_or_else(|| "\u{fffd}".to_owned());
            match decode(value) {
                None => read.refuse(&name, "format", json!({"expected": "percent-encoded UTF-8"})),
                Some(_) if read.pairs.iter().any(|(known, _)| *known == name) => {
                    read.refuse(&name, "duplicateKey", Value::Null);
                }
                Some(value) => read.pairs.push((name, value)),
            }
        }
        read
    }

    /// The value of the parameter; it is known from here on.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let at = self.pairs.iter().position(|(known, _)| known == name)?;
        Some(self.pairs.swap_remove(at).1)
    }

    /// `true` or `false`; anything else is a cause.
    pub fn take_bool(&mut self, name: &str) -> Option<bool> {
        let value = self.take(name)?;
        match value.as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                self.refuse(name, "type", json!({"expected": ["boolean"], "actual": value}));
                None
            }
        }
    }

    /// An integer of `range`; anything else is a cause.
    pub fn take_integer(
        &mut self,
        name: &str,
        range: std::ops::RangeInclusive<u64>,
    ) -> Option<u64> {
        let value = self.take(name)?;
        // u64's own parser takes a leading plus.
        let is_integer = !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit());
        if !is_integer {
            self.refuse(name, "type", json!({"expected": ["integer"], "actual": value}));
            return None;
        }
        match value.parse() {
            Ok(n) if range.contains(&n) => return Some(n),
            Ok(n) if n < *range.start() => {
                self.refuse(name, "minimum", json!({"expected": range.start(), "actual": n}));
            }
            Ok(n) => self.refuse(name, "maximum", json!({"expected": range.end(), "actual": n})),
            // More than 64 bits: no JSON number that every reader holds, so as it was sent.
            Err(_) => {
                self.refuse(name, "maximum", json!({"expected": range.end(), "actual": value}));
            }
        }
        None
    }

    /// One of `values`; anything else is a cause.
    pub fn take_enum<T: Copy>(&mut self, name: &str, values: &[(&str, T)]) -> Option<T> {
        let value = self.take(name)?;
        let found = values.iter().find(|(text, _)| *text == value).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let expected: Vec<_> = values.iter().map(|(text, _)| text).collect();
            self.refuse(name, "enum", json!({"expected": expected, "actual": value}));
        }
        found
    }

    /// Adds a cause at the parameter.
    pub fn refuse(&mut self, name: &str, kind: &'static str, details: Value) {
        self.causes.push(Cause { location: pointer(name), kind, details });
    }

    /// Adds a cause at the query as a whole.
    pub fn refuse_whole(&mut self, kind: &'static str, details: Value) {
        self.causes.push(Cause { location: String::new(), kind, details });
    }

    /// Errors with every cause, those among them that nobody took.
    pub fn finish(mut self) -> Result<(), Error> {
        for (name, _) in std::mem::take(&mut self.pairs) {
            self.refuse(&name, "additionalProperties", Value::Null);
        }
        if self.causes.is_empty() {
            return Ok(());
        }
        Err(Error::validation("invalid query parameters", self.causes, 0))
    }
}

/// `/name` as a JSON Pointer (RFC 6901).
pub fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => hex(rest.next()?)? << 4 | hex(rest.next()?)?,
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn causes(query: Query) -> Vec<(String, String)> {
        let error = query.finish().unwrap_err();
        let causes = error.fault().info["causes"].clone();
        let text = |cause: &Value, key: &str| cause[key].as_str().unwrap().to_owned();
        let causes = causes.as_array().unwrap().clone();
        causes.iter().map(|cause| (text(cause, "location"), text(cause, "kind"))).collect()
    }

    #[test]
    fn every_unknown_and_doubled_parameter_is_a_cause() {
        let mut query = Query::read("a=1&b=2&a=3&c%2Fd=4&&e");
        assert_eq!(query.take("b").as_deref(), Some("2"));
        let mut found = causes(query);
        found.sort();
        let expected = [
            ("/a", "additionalProperties"),
            ("/a", "duplicateKey"),
            ("/c~1d", "additionalProperties"),
            ("/e", "additionalProperties"),
        ];
        assert_eq!(found, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    }

    #[test]
    fn values_are_decoded_as_forms_are() {
        let mut query = Query::read("a=x%2By+z&b=%C3%9F&c=");
        assert_eq!(query.take("a").as_deref(), Some("x+y z"));
        assert_eq!(query.take("b").as_deref(), Some("ß"));
        assert_eq!(query.take("c").as_deref(), Some(""));
        query.finish().unwrap();
    }

    #[test]
    fn a_broken_escape_is_a_cause() {
        for broken in ["a=%", "a=%4", "a=%zz", "a=%ff", "a=%+1"] {
            assert_eq!(causes(Query::read(broken)), [("/a".to_owned(), "format".to_owned())]);
        }
    }

    #[test]
    fn typed_values_are_checked() {
        let mut query = Query::read("n=0&m=101&o=+1&p=99999999999999999999&b=yes&e=x&good=7");
        assert_eq!(query.take_integer("good", 1..=100), Some(7));
        for name in ["n", "m", "o", "p"] {
            assert_eq!(query.take_integer(name, 1..=100), None);
        }
        assert_eq!(query.take_bool("b"), None);
        assert_eq!(query.take_enum("e", &[("all", 1)]), None);
        let actual: Vec<_> = query.causes.iter().map(|cause| &cause.details["actual"]).collect();
        assert_eq!(
            actual,
            [
                &json!(0),
                &json!(101),
                &json!(" 1"),
                &json!("99999999999999999999"),
                &json!("yes"),
                &json!("x")
            ]
        );
        let kinds: Vec<_> = causes(query).into_iter().map(|(_, kind)| kind).collect();
        assert_eq!(kinds, ["minimum", "maximum", "type", "maximum", "type", "enum"]);
    }
}
