//! Emails: the local part by NFKC and case folding, the domain by UTS #46.
//!
//! What passes is a mailbox and nothing around it. A compatibility form may stand for a plain
//! character, but never smuggle in one that an address may not hold: characters are judged after
//! normalising.

use std::borrow::Cow;

use icu_casemap::CaseMapper;
use icu_properties::props::{EnumeratedProperty, GeneralCategory};
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use unicode_normalization::UnicodeNormalization;

use super::{Refused, settle, within};
use crate::import::record::LoginId;
use crate::import::settings::Settings;

const REFUSED: Refused = Refused::Format("email");

/// A mailbox of RFC 5322 with the characters of RFC 6531: no display name, angle brackets,
/// comments or address literals, and nothing invisible.
///
/// The local part may be longer than the 64 octets of RFC 5321 (systems that hold such users
/// exist); the whole may have 320 characters.
pub fn email(text: &str, settings: &Settings) -> Result<LoginId, Refused> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Refused::Empty);
    }
    // A domain holds no `@`, a quoted local part may.
    let (local, domain) = text.rsplit_once('@').ok_or(REFUSED)?;
    let local = local_part(local, settings)?;
    let domain = Domain::read(domain)?;

    let shown = domain.unicode.map(|unicode| format!("{local}@{unicode}"));
    let mut key = String::with_capacity(local.len() + 1 + domain.ascii.len());
    key.push_str(&local);
    key.push('@');
    key.push_str(&domain.ascii);
    within(320, shown.as_ref().unwrap_or(&key))?;
    Ok(LoginId { key, value: shown })
}

fn local_part<'a>(text: &'a str, settings: &Settings) -> Result<Cow<'a, str>, Refused> {
    let local = match (text.is_ascii(), settings.email_case_sensitive) {
        (true, true) => Cow::Borrowed(text),
        (true, false) => lowercase(text),
        (false, case_sensitive) => {
            Cow::Owned(settle(text, |text| Some(folded(text, case_sensitive))).ok_or(REFUSED)?)
        }
    };
    if !is_sound(&local) {
        return Err(REFUSED);
    }
    if !settings.email_ignore_dot_sign || !local.contains('.') {
        return Ok(local);
    }
    // Of `"."` nothing may be left once dots are ignored.
    let local = local.replace('.', "");
    if is_sound(&local) { Ok(Cow::Owned(local)) } else { Err(REFUSED) }
}

fn lowercase(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

fn is_sound(local: &str) -> bool {
    is_dot_atom(local) || is_quoted_string(local)
}

fn folded(text: &str, case_sensitive: bool) -> String {
    let text: String = text.nfkc().collect();
    if case_sensitive { text } else { CaseMapper::new().fold_string(&text).nfkc().collect() }
}

fn is_dot_atom(local: &str) -> bool {
    let mut before = '.';
    for char in local.chars() {
        if !(is_atext(char) || char == '.' && before != '.') {
            return false;
        }
        before = char;
    }
    before != '.'
}

/// RFC 5322, section 3.2.3, and RFC 6531, section 3.3.
fn is_atext(char: char) -> bool {
    if char.is_ascii() {
        return char.is_ascii_alphanumeric()
            || matches!(char, '!' | '#'..='\'' | '*' | '+' | '-' | '/' | '=' | '?' | '^'..='`' | '{'..='~');
    }
    is_visible(char)
}

/// A `Quoted-string` of RFC 5321, section 4.1.2. It stays quoted in the key.
fn is_quoted_string(local: &str) -> bool {
    let Some(content) = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return false;
    };
    let mut chars = content.chars();
    while let Some(char) = chars.next() {
        let sound = match char {
            '"' => false,
            '\\' => chars.next().is_some_and(|escaped| matches!(escaped, ' '..='~')),
            ' '..='~' => true,
            _ => is_visible(char),
        };
        if !sound {
            return false;
        }
    }
    !content.is_empty()
}

/// Not ASCII, and neither white space nor a control nor a format character (category Cf).
fn is_visible(char: char) -> bool {
    !char.is_ascii() && !char.is_whitespace() && !char.is_control() && !is_format_character(char)
}

fn is_format_character(char: char) -> bool {
    GeneralCategory::for_char(char) == GeneralCategory::Format
}

struct Domain<'a> {
    ascii: Cow<'a, str>,
    /// Only where it differs.
    unicode: Option<String>,
}

impl<'a> Domain<'a> {
    fn read(text: &'a str) -> Result<Self, Refused> {
        let domain =
            if text.is_ascii() { Self::from_ascii(text) } else { Self::from_unicode(text) }?;
        // 255 and 63 octets: RFC 5321, section 4.5.3.1.2, and RFC 1035, section 2.3.4. Neither
        // RFC 5321 nor the record's rules ask for a dot in it.
        let sound = domain.ascii.len() <= 255 && domain.ascii.split('.').all(is_label);
        if sound { Ok(domain) } else { Err(REFUSED) }
    }

    fn from_ascii(text: &'a str) -> Result<Self, Refused> {
        let ascii = lowercase(text);
        if !ascii.as_bytes().windows(4).any(|window| *window == *b"xn--") {
            return Ok(Self { ascii, unicode: None });
        }
        Self::from_unicode(text)
    }

    /// UTS #46, non-transitional, with the characters that STD 3 allows in a host name.
    fn from_unicode(text: &'a str) -> Result<Self, Refused> {
        // UTS #46 drops some invisible characters; an address that needs that is refused.
        if text.chars().any(is_format_character) {
            return Err(REFUSED);
        }
        let (deny, hyphens) = (AsciiDenyList::STD3, Hyphens::CheckFirstLast);
        let ascii = Uts46::new()
            .to_ascii(text.as_bytes(), deny, hyphens, DnsLength::Ignore)
            .map_err(|_| REFUSED)?;
        let (unicode, verdict) = Uts46::new().to_unicode(text.as_bytes(), deny, hyphens);
        if verdict.is_err() || unicode.chars().any(is_format_character) {
            return Err(REFUSED);
        }
        let unicode = (unicode != ascii).then(|| unicode.into_owned());
        Ok(Self { ascii, unicode })
    }
}

fn is_label(label: &str) -> bool {
    matches!(label.len(), 1..=63)
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
