//! The head of an import request: what comes, how it is packed, and under which key.

use axum::http::{HeaderMap, HeaderName, header};
use serde_json::{Value, json};

use super::body::Encoding;
use crate::import::outcome::Cause;
use crate::import::task::{Identifier, Options};
use crate::web;
use crate::web::query::Query;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One document, which holds its options itself.
    Json,
    Lines(Options),
    Csv(Options),
}

#[derive(Debug)]
pub struct Head {
    pub format: Format,
    pub encoding: Encoding,
    pub idempotency_key: Option<String>,
}

impl Head {
    pub fn read(headers: &HeaderMap, query: Query) -> Result<Self, web::Error> {
        let media = media_type(headers)?;
        let encoding = encoding(headers)?;
        let format = match media.as_str() {
            "application/json" => {
                query.finish()?;
                Format::Json
            }
            "application/x-ndjson" | "application/jsonl" | "application/ndjson" => {
                Format::Lines(options(query)?)
            }
            "text/csv" => Format::Csv(options(query)?),
            _ => return Err(unsupported_media()),
        };
        Ok(Self { format, encoding, idempotency_key: idempotency_key(headers)? })
    }
}

fn unsupported_media() -> web::Error {
    web::Error::unsupported_media_type(
        "an import is application/json, application/x-ndjson (also application/jsonl and application/ndjson) \
         or text/csv, in utf-8",
    )
}

/// The media type in lower case; its charset, if it says one, is utf-8.
fn media_type(headers: &HeaderMap) -> Result<String, web::Error> {
    let text = only(headers, &header::CONTENT_TYPE)?.ok_or_else(unsupported_media)?;
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let is_utf8 = |part: &str| match part.split_once('=') {
        Some((key, value)) if key.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    };
    if parts.all(is_utf8) { Ok(name) } else { Err(unsupported_media()) }
}

fn encoding(headers: &HeaderMap) -> Result<Encoding, web::Error> {
    let name = only(headers, &header::CONTENT_ENCODING)?.unwrap_or("identity").trim();
    match name.to_ascii_lowercase().as_str() {
        "identity" | "" => Ok(Encoding::Identity),
        // RFC 9110, section 8.4.1.3: the older name means the same.
        "gzip" | "x-gzip" => Ok(Encoding::Gzip),
        "zstd" => Ok(Encoding::Zstd),
        _ => Err(web::Error::unsupported_media_type("a body may be encoded once, by gzip or zstd")),
    }
}

/// The value of a header that may stand once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, web::Error> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| unsupported_media()),
        _ => Err(web::Error::unsupported_media_type(
            "Content-Type and Content-Encoding may each stand once",
        )),
    }
}

/// The options of a stream, which stand in the query.
fn options(mut query: Query) -> Result<Options, web::Error> {
    let identifier = match query.take("identifier") {
        None => {
            query.refuse_whole("required", json!({"missing": ["identifier"]}));
            None
        }
        Some(text) => {
            let identifier = Identifier::parse(&text);
            if identifier.is_none() {
                let expected = Identifier::ALL.map(Identifier::as_str);
                query.refuse("identifier", "enum", json!({"expected": expected, "actual": text}));
            }
            identifier
        }
    };
    let upsert = query.take_bool("upsert").unwrap_or(false);
    let dry_run = query.take_bool("dry_run").unwrap_or(false);
    query.finish()?;
    let identifier = identifier.expect("finish has refused a query without one");
    Ok(Options { identifier, upsert, dry_run })
}

/// 1 to 255 visible ASCII characters, in one header.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, web::Error> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let refuse = |kind, details| {
        let location = "/Idempotency-Key".to_owned();
        web::Error::validation("invalid request header", vec![Cause { location, kind, details }], 0)
    };
    if values.next().is_some() {
        return Err(refuse("duplicateKey", Value::Null));
    }
    let bytes = value.as_bytes();
    if !bytes.iter().all(u8::is_ascii_graphic) {
        return Err(refuse("pattern", json!({"expected": "^[!-~]{1,255}$"})));
    }
    match bytes.len() {
        0 => Err(refuse("minLength", json!({"expected": 1, "actual": 0}))),
        1..=255 => Ok(Some(bytes.iter().map(|byte| char::from(*byte)).collect())),
        long => Err(refuse("maxLength", json!({"expected": 255, "actual": long}))),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn head(headers: &[(&'static str, &str)], query: &str) -> Result<Head, u16> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        Head::read(&map, Query::read(query)).map_err(|error| error.status().as_u16())
    }

    #[test]
    fn the_three_names_of_ndjson_take_their_options_from_the_query() {
        for name in
            ["application/x-ndjson", "application/jsonl; charset=UTF-8", "Application/NDJSON"]
        {
            let head =
                head(&[("content-type", name)], "identifier=phone_number&dry_run=true").unwrap();
            let options =
                Options { identifier: Identifier::PhoneNumber, upsert: false, dry_run: true };
            assert_eq!(head.format, Format::Lines(options));
        }
        for query in [
            "",
            "identifier=foobar",
            "identifier=email&upsert=1",
            "identifier=email&x=1",
            "identifier=email&identifier=email",
        ] {
            assert_eq!(
                head(&[("content-type", "application/jsonl")], query).unwrap_err(),
                400,
                "{query}"
            );
        }
    }

    #[test]
    fn a_document_has_no_parameters_and_csv_has() {
        assert_eq!(head(&[("content-type", "application/json")], "").unwrap().format, Format::Json);
        assert_eq!(head(&[("content-type", "application/json")], "upsert=true").unwrap_err(), 400);
        let csv = head(&[("content-type", "text/csv;header=present")], "identifier=email").unwrap();
        assert!(matches!(csv.format, Format::Csv(Options { identifier: Identifier::Email, .. })));
    }

    #[test]
    fn other_media_and_encodings_are_refused() {
        for name in ["text/plain", "application/json; charset=latin1", "application/xml", ""] {
            assert_eq!(head(&[("content-type", name)], "").unwrap_err(), 415, "{name}");
        }
        assert_eq!(head(&[], "").unwrap_err(), 415);
        let json = ("content-type", "application/json");
        for (name, encoding) in
            [("GZIP", Encoding::Gzip), ("zstd", Encoding::Zstd), ("identity", Encoding::Identity)]
        {
            assert_eq!(head(&[json, ("content-encoding", name)], "").unwrap().encoding, encoding);
        }
        for name in ["br", "gzip, gzip", "gzip, identity", "deflate"] {
            assert_eq!(head(&[json, ("content-encoding", name)], "").unwrap_err(), 415, "{name}");
        }
        let twice = [json, ("content-encoding", "gzip"), ("content-encoding", "gzip")];
        assert_eq!(head(&twice, "").unwrap_err(), 415);
    }

    #[test]
    fn an_idempotency_key_is_visible_ascii_and_stands_once() {
        let json = ("content-type", "application/json");
        let key = |key: &str| {
            head(&[json, ("idempotency-key", key)], "").map(|head| head.idempotency_key)
        };
        assert_eq!(key("a-1!~").unwrap().as_deref(), Some("a-1!~"));
        assert!(key(&"x".repeat(255)).is_ok());
        for wrong in ["", "a b", "\u{e9}", &"x".repeat(256)] {
            assert_eq!(key(wrong).unwrap_err(), 400, "{wrong}");
        }
        let twice = [json, ("idempotency-key", "a"), ("idempotency-key", "a")];
        assert_eq!(head(&twice, "").unwrap_err(), 400);
    }
}
