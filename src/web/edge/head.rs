//! A request's head as it came over the wire: is it one that nobody can read in two ways?
//!
//! hyper repairs some heads before a handler sees them (a `Content-Length` beside a
//! `Transfer-Encoding` is dropped), and a proxy in front may have repaired them otherwise; where
//! the two differ, one request hides in another. So the bytes are judged here, strictly, and what
//! is let through means one thing only (RFC 9112, sections 2, 3.2, 5 and 6).

use axum::http::Uri;

use crate::web::Error;

/// A head at most.
pub(super) const HEAD_BYTES_MAX: usize = 32 * 1024;
/// A path with its query at most: what common proxies allow.
pub(super) const TARGET_BYTES_MAX: usize = 8 * 1024;
/// hyper reads no more.
const LINES_MAX: usize = 100;
/// Room for the method and the version beside the target.
const REQUEST_LINE_BYTES_MAX: usize = TARGET_BYTES_MAX + 64;

/// Where the body ends that follows a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    Length(u64),
    Chunked,
}

/// What the bytes that came so far are.
#[derive(Debug)]
pub(super) enum Scan {
    Partial,
    /// A head of so many bytes.
    Complete(usize),
    Refused(Error),
}

/// Looks for the end of the head; `scanned` bytes were looked at before.
pub(super) fn scan(bytes: &[u8], scanned: usize) -> Scan {
    let mut from = scanned;
    while let Some(at) = bytes[from..].iter().position(|byte| *byte == b'\n').map(|at| from + at) {
        if at == 0 || bytes[at - 1] != b'\r' {
            return Scan::Refused(Error::bad_head("lines of a header end with CR LF"));
        }
        if bytes[..at].ends_with(b"\r\n\r") {
            return if at < HEAD_BYTES_MAX { Scan::Complete(at + 1) } else { too_large() };
        }
        from = at + 1;
    }
    let line_ended = from > 0;
    if !line_ended && bytes.len() > REQUEST_LINE_BYTES_MAX {
        return Scan::Refused(Error::uri_too_long(TARGET_BYTES_MAX));
    }
    if bytes.len() > HEAD_BYTES_MAX { too_large() } else { Scan::Partial }
}

fn too_large() -> Scan {
    Scan::Refused(Error::header_too_large("a request's header may hold 32 KiB"))
}

/// Judges a complete head, its last empty line included.
pub(super) fn check(head: &[u8]) -> Result<Framing, Error> {
    let head = head.strip_suffix(b"\r\n\r\n").unwrap_or(head);
    let text = std::str::from_utf8(head).map_or_else(|_| String::from_utf8_lossy(head), Into::into);
    let mut lines = text.split("\r\n");
    let version = request_line(lines.next().unwrap_or_default())?;
    let mut fields = Fields::default();
    for (number, line) in lines.enumerate() {
        if number == LINES_MAX {
            return Err(Error::header_too_large("a request's header may hold 100 lines"));
        }
        fields.read(line)?;
    }
    fields.judge(version)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    Http10,
    Http11,
}

fn request_line(line: &str) -> Result<Version, Error> {
    let mut parts = line.split(' ');
    let (Some(method), Some(target), Some(version), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Error::bad_head("a request begins with METHOD PATH HTTP/1.1"));
    };
    if target.len() > TARGET_BYTES_MAX {
        return Err(Error::uri_too_long(TARGET_BYTES_MAX));
    }
    // A target that names no path (CONNECT's) is none of this service.
    let has_path =
        target.parse::<Uri>().is_ok_and(|uri| uri.path().starts_with('/') || target == "*");
    if !is_token(method) || !has_path {
        return Err(Error::bad_head("a request begins with METHOD PATH HTTP/1.1"));
    }
    match version {
        "HTTP/1.1" => Ok(Version::Http11),
        "HTTP/1.0" => Ok(Version::Http10),
        _ => Err(Error::bad_head("this service speaks HTTP/1.1")),
    }
}

/// The fields that say whom a request is for and where it ends.
#[derive(Default)]
struct Fields<'a> {
    hosts: Vec<&'a str>,
    lengths: Vec<&'a str>,
    encodings: Vec<&'a str>,
}

impl<'a> Fields<'a> {
    fn read(&mut self, line: &'a str) -> Result<(), Error> {
        // A name that is no token: a folded line, or white space before the colon.
        let (name, value) = line
            .split_once(':')
            .filter(|(name, _)| is_token(name))
            .ok_or_else(|| Error::bad_head("a line of the header is not NAME: VALUE"))?;
        if value.chars().any(|c| c.is_ascii_control() && c != '\t') {
            return Err(Error::bad_head("a value of the header holds a control character"));
        }
        let value = value.trim_matches([' ', '\t']);
        if name.eq_ignore_ascii_case("host") {
            self.hosts.push(value);
        } else if name.eq_ignore_ascii_case("content-length") {
            self.lengths.push(value);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            self.encodings.push(value);
        }
        Ok(())
    }

    fn judge(&self, version: Version) -> Result<Framing, Error> {
        let [host] = self.hosts[..] else {
            return Err(Error::bad_head("a request names one Host"));
        };
        if host.is_empty() || host.contains([' ', '\t', ',', '/', '@', '?', '#', '\\']) {
            return Err(Error::bad_head("the Host is no name of a host"));
        }
        match (&self.encodings[..], &self.lengths[..]) {
            ([], []) => Ok(Framing::Length(0)),
            ([], [length]) => digits(length)
                .map(Framing::Length)
                .ok_or_else(|| Error::bad_head("the Content-Length is no number")),
            ([encoding], [])
                if version == Version::Http11 && encoding.eq_ignore_ascii_case("chunked") =>
            {
                Ok(Framing::Chunked)
            }
            ([], _) => Err(Error::bad_head("a request has one Content-Length")),
            (_, []) => Err(Error::bad_head("the only Transfer-Encoding is chunked")),
            _ => Err(Error::bad_head("a request has a Content-Length or is chunked, never both")),
        }
    }
}

fn digits(text: &str) -> Option<u64> {
    // u64's own parser takes a leading plus.
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// RFC 9110, section 5.6.2.
fn is_token(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(fits)
}

#[cfg(test)]
mod tests;
