//! A token before its signature is checked: read if, and only if, it keeps the rules.
#![no_main]

use std::fmt;

use arbitrary::Arbitrary;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, header};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use user_import::web::auth::fuzzing::{Said, read};

const NOW: i64 = 1_700_000_000;

fuzz_target!(|input: &[u8]| {
    let Some((&knob, rest)) = input.split_first() else { return };
    let now = Timestamp::from_second(NOW).expect("a time");
    if knob % 4 == 0 {
        let Ok(Raw { values }) = Raw::arbitrary_take_rest(arbitrary::Unstructured::new(rest))
        else {
            return;
        };
        raw(&values, now);
    } else {
        // Two lines of JSON, the header's and the claims'.
        let mut parts = rest.splitn(2, |byte| *byte == b'\n');
        let (header, claims) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        written(header, claims, knob, now);
    }
});

/// Authorization headers as they come.
#[derive(Arbitrary)]
struct Raw<'a> {
    values: Vec<&'a [u8]>,
}

fn raw(values: &[&[u8]], now: Timestamp) {
    let mut headers = HeaderMap::new();
    for value in values {
        let Ok(value) = HeaderValue::from_bytes(value) else { return };
        headers.append(header::AUTHORIZATION, value);
    }
    let said = read(&headers, now);
    let expected = match values {
        [only] => bearer(only).and_then(parts).and_then(|(header, claims)| model(&header, &claims)),
        _ => None,
    };
    // Neither JSON, nor what serde passes over without a look.
    if let Some(expected) = expected {
        assert_eq!(said, expected);
    }
    assert!(said.is_none() || values.len() == 1, "of two headers none is to be trusted");
}

fn bearer(value: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(value).ok()?;
    let token = text.get(7..)?;
    text.get(..7)?.eq_ignore_ascii_case("bearer ").then_some(token.trim_matches(' '))
}

fn parts(token: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, _] = parts[..] else { return None };
    Some((URL_SAFE_NO_PAD.decode(header).ok()?, URL_SAFE_NO_PAD.decode(claims).ok()?))
}

fn written(header_json: &[u8], claims: &[u8], knob: u8, now: Timestamp) {
    let part = |json: &[u8]| URL_SAFE_NO_PAD.encode(json);
    let scheme = ["Bearer", "bearer", "BEARER "][usize::from(knob) % 3];
    let value = format!("{scheme} {}.{}.c2ln", part(header_json), part(claims));
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, value.parse().expect("base64 is a header's value"));
    let said = read(&headers, now);
    if let Some(expected) = model(header_json, claims) {
        assert_eq!(said, expected);
    }
    let two = value.replacen('.', "..", 1);
    headers.insert(header::AUTHORIZATION, two.parse().expect("a header's value"));
    assert_eq!(read(&headers, now), None, "of four parts");
}

/// The rules a second time, member by member. None where the bytes are no UTF-8: what stands in
/// members that are passed over need not be.
fn model(header: &[u8], claims: &[u8]) -> Option<Option<Said>> {
    let (header, claims) = (std::str::from_utf8(header).ok()?, std::str::from_utf8(claims).ok()?);
    Some(said(header, claims))
}

fn said(header: &str, claims: &str) -> Option<Said> {
    let header = members(header)?;
    let alg: String = header.one("alg")?.value()?;
    let kid: Option<String> = header.optional("kid")?;
    if alg != "RS256" || header.has("crit") {
        return None;
    }
    let claims = members(claims)?;
    for name in ["iss", "sub", "jti"] {
        let _: Option<String> = claims.optional(name)?;
    }
    let exp: f64 = claims.one("exp")?.value()?;
    let starts = [claims.optional::<f64>("nbf")?, claims.optional::<f64>("iat")?];
    let now = NOW as f64;
    if exp + 60.0 <= now || starts.iter().flatten().any(|start| *start > now + 60.0) {
        return None;
    }
    let audience = claims.one("aud")?;
    let mut audiences: Vec<String> =
        audience.value::<String>().map(|one| vec![one]).or_else(|| audience.value())?;
    if audiences.len() > 32 {
        return None;
    }
    audiences.retain(|audience| audience.chars().all(|char| char != '\0'));
    let expires_at = Timestamp::from_second(exp as i64).unwrap_or(Timestamp::MAX);
    Some(Said { kid, audiences, expires_at })
}

/// Of one JSON object, in order; a name may stand twice.
struct Members(Vec<(String, Box<RawValue>)>);

struct Member<'a>(&'a RawValue);

impl Member<'_> {
    fn value<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(self.0.get()).ok()
    }
}

impl Members {
    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// The member that stands there once.
    fn one(&self, name: &str) -> Option<Member<'_>> {
        let mut found = self.0.iter().filter(|(known, _)| known == name);
        let (_, value) = found.next()?;
        found.next().is_none().then_some(Member(value))
    }

    /// The outer `None`: of the wrong type, or twice.
    fn optional<T: DeserializeOwned>(&self, name: &str) -> Option<Option<T>> {
        if !self.has(name) {
            return Some(None);
        }
        self.one(name)?.value().map(Some)
    }
}

fn members(json: &str) -> Option<Members> {
    if !json.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('{') {
        return None;
    }
    serde_json::from_str(json).ok()
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
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
