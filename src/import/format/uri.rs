//! URIs by the grammar of RFC 3986.
//!
//! Not by the URL parser that browsers share: it repairs what it reads, and would let a text pass
//! that is another URI than it looks.

use std::net::Ipv6Addr;

/// A URI of RFC 3986 with a scheme and a host. Other alphabets must be percent-encoded, or in
/// punycode: what passes here is also an `href` that no program reads differently.
pub fn is_absolute_with_host(text: &str) -> bool {
    split(text).is_some()
}

/// The same with one of the two schemes that a picture can be fetched by.
pub fn is_web(text: &str) -> bool {
    split(text).is_some_and(|scheme| {
        scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
    })
}

/// The scheme, if all of it is sound.
fn split(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once("://")?;
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (path, fragment) = tail.split_once('#').unwrap_or((tail, ""));
    let is_sound = is_scheme(scheme)
        && is_authority(authority)
        && consists_of(path, b"/:@?")
        && consists_of(fragment, b"/:@?");
    is_sound.then_some(scheme)
}

fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn is_authority(authority: &str) -> bool {
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (host, port) = match host.strip_prefix('[') {
        Some(literal) => {
            let Some((address, port)) = literal.split_once(']') else {
                return false;
            };
            return address.parse::<Ipv6Addr>().is_ok()
                && (port.is_empty() || is_port(port))
                && consists_of(user, b":");
        }
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    !host.is_empty()
        && consists_of(host, b"")
        && (port.is_empty() || is_port(port))
        && consists_of(user, b":")
}

/// A colon and a number that TCP knows, or the colon alone.
fn is_port(port: &str) -> bool {
    port.strip_prefix(':').is_some_and(|digits| {
        digits.is_empty()
            || digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u16>().is_ok()
    })
}

/// Unreserved characters, sub-delimiters, percent-encoded octets, and the ones named.
fn consists_of(text: &str, also: &[u8]) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let is_sound = match byte {
            b'%' => (0..2).all(|_| bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit())),
            _ => {
                byte.is_ascii_alphanumeric()
                    || b"-._~!$&'()*+,;=".contains(&byte)
                    || also.contains(&byte)
            }
        };
        if !is_sound {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_uris_with_a_host_pass() {
        for text in [
            "https://example.com",
            "HTTP://EXAMPLE.COM/",
            "https://example.com/a%20b?q=1&r=[]#top".replace("[]", "x").as_str(),
            "ftp://user:pw@example.com:21/x",
            "https://[2001:db8::1]:8443/",
            "https://localhost",
            "https://1.2.3.4:/",
            "x-app+1.0://host",
            "https://example.com?q",
            "https://example.com#f",
            "https://xn--fa-hia.de/~me",
            "https://example.com//a/../b;c=1,2'(!)*",
        ] {
            assert!(is_absolute_with_host(text), "{text}");
        }
        for text in [
            "",
            "example.com",
            "/path",
            "//example.com",
            "https:",
            "https://",
            "https:///path",
            "https://:80",
            "mailto:a@b.c",
            "urn:isbn:1",
            "https://exa mple.com",
            "https://example.com/a b",
            "https://example.com/%zz",
            "https://example.com/%2",
            "https://faß.de",
            "https://example.com/ü",
            "1http://example.com",
            "https://[::1",
            "https://[x]/",
            "https://[::1]x/",
            "https://a@b@c/",
            "https://example.com:99999/",
            "https://example.com:80x/",
            "https://example.com/<x>",
            "https://example.com/\\x",
            "https://example.com/#a#b",
            " https://example.com",
            "https://user@/",
            "javascript:alert(1)",
        ] {
            assert!(!is_absolute_with_host(text), "{text}");
        }
    }

    #[test]
    fn pictures_come_by_http() {
        assert!(is_web("http://a/b.png") && is_web("HTTPS://a/"));
        assert!(
            !is_web("ftp://a/") && !is_web("data:image/png;base64,AA==") && !is_web("https:///a")
        );
    }
}
