//! What a caller sends and what it takes: `Content-Type` and `Accept`.

use axum::http::{HeaderMap, header};

use super::Error;

/// Errors with 406 if the `Accept` header refuses `offered`, as in `application/json`.
pub fn accepts(headers: &HeaderMap, offered: &str) -> Result<(), Error> {
    let ranges: Vec<&str> = headers
        .get_all(header::ACCEPT)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .map(str::trim)
        .filter(|range| !range.is_empty())
        .collect();
    // The range that names the most decides (RFC 9110, section 12.5.1).
    let best = ranges
        .iter()
        .filter_map(|range| matched(range, offered))
        .max_by_key(|(specific, _)| *specific);
    match best {
        Some((_, true)) => Ok(()),
        None if ranges.is_empty() => Ok(()),
        _ => Err(Error::not_acceptable(offered)),
    }
}

/// How specifically a range covers the type, and whether it wants it at all.
fn matched(range: &str, offered: &str) -> Option<(u8, bool)> {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next()?.to_ascii_lowercase();
    let family = offered.split('/').next()?;
    let specific = match name.strip_suffix("/*") {
        Some("*") => 0,
        Some(prefix) if prefix == family => 1,
        None if name == offered => 2,
        _ => return None,
    };
    let is_zero = |weight: &str| weight.parse().is_ok_and(|weight: f32| weight <= 0.0);
    let refused = parts.any(|part| {
        part.split_once('=').is_some_and(|(key, value)| {
            key.trim().eq_ignore_ascii_case("q") && is_zero(value.trim())
        })
    });
    Some((specific, !refused))
}

/// Errors with 415 unless the body is uncompressed `application/json`, charset absent or utf-8.
pub fn content_is_plain_json(headers: &HeaderMap) -> Result<(), Error> {
    let refuse = || {
        Error::unsupported_media_type("the body must be application/json in utf-8, uncompressed")
    };
    let only = |name| {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => value.to_str().map(Some).map_err(|_| refuse()),
            _ => Err(refuse()),
        }
    };
    let kind = only(header::CONTENT_TYPE)?.ok_or_else(refuse)?;
    let is_plain = only(header::CONTENT_ENCODING)?
        .is_none_or(|coding| coding.trim().eq_ignore_ascii_case("identity"));
    let (name, charset) = media_type(kind);
    let is_json = name == "application/json" && charset.is_none_or(|charset| charset == "utf-8");
    if is_json && is_plain { Ok(()) } else { Err(refuse()) }
}

/// The name of a media type in lower case, and its charset.
pub fn media_type(text: &str) -> (String, Option<String>) {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let charset = parts.filter_map(|part| part.split_once('=')).find_map(|(key, value)| {
        let value = value.trim().trim_matches('"').to_ascii_lowercase();
        key.trim().eq_ignore_ascii_case("charset").then_some(value)
    });
    (name, charset)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &header::HeaderName, values: &[&str]) -> HeaderMap {
        let pair = |value: &&str| (name.clone(), value.parse().unwrap());
        values.iter().map(pair).collect()
    }

    #[test]
    fn an_accept_header_refuses_by_its_most_specific_range() {
        for (accept, good) in [
            (&[][..], true),
            (&[""], true),
            (&["*/*"], true),
            (&["application/*"], true),
            (&["text/html, application/json;q=0.1"], true),
            (&["text/html", "application/json"], true),
            (&["Application/JSON"], true),
            (&["text/html"], false),
            (&["text/*"], false),
            (&["application/json;q=0, */*"], false),
            (&["*/*;q=0"], false),
            (&["*/*;q=0.0, application/json"], true),
        ] {
            assert_eq!(
                accepts(&headers(&header::ACCEPT, accept), "application/json").is_ok(),
                good,
                "{accept:?}"
            );
        }
    }

    #[test]
    fn json_is_json_in_utf_8() {
        for (kind, good) in [
            (&["application/json"][..], true),
            (&["Application/JSON; Charset=\"UTF-8\""], true),
            (&["application/json; charset=latin1"], false),
            (&["application/jsonl"], false),
            (&["text/plain"], false),
            (&["application/json", "application/json"], false),
            (&[], false),
        ] {
            assert_eq!(
                content_is_plain_json(&headers(&header::CONTENT_TYPE, kind)).is_ok(),
                good,
                "{kind:?}"
            );
        }
    }
}
