//! The echo of a record: what its details show of it.
//!
//! The bytes as they were sent, numbers and escapes untouched, on one line; but for the secrets.
//! At and below `password` and `mfa` only what is known to be none is shown, because secrets get
//! pasted into wrong places.

use std::borrow::Cow;

use super::format::time;
use super::json::{self, Kind, Member};
use super::login_id;
use super::record::PasswordKind;
use super::settings::Settings;
use super::structure;
use super::task::Identifier;

const HIDDEN: &str = "\"REDACTED\"";

/// Parsers stop at some depth (`serde_json` at 128 levels), and an echo stands a few levels deep
/// in an answer: one record must not make all the others unreadable.
pub(super) const DEPTH_MAX: usize = 100;

/// What may be shown of a record, as JSON on one line. `None` where the bytes are no JSON object,
/// give a name twice in one object, or lie too deep to be read.
pub fn redact(json: &[u8]) -> Option<Cow<'_, str>> {
    let members = json::read(json).ok()?;
    structure::is_readable(&members, DEPTH_MAX).then(|| shown(json, &members))
}

/// The same for a record that was read into these members, each of them once in its object and
/// not too deep.
pub(super) fn shown<'a>(json: &'a [u8], members: &[Member<'_>]) -> Cow<'a, str> {
    let echo = if members.iter().any(|member| matches!(&*member.name, "password" | "mfa")) {
        Cow::Owned(rewritten(json.len(), members, record))
    } else {
        Cow::Borrowed(std::str::from_utf8(json).expect("JSON that was read is UTF-8"))
    };
    // No string of JSON holds a raw line end, so all of these stand between tokens.
    if memchr::memchr2(b'\n', b'\r', echo.as_bytes()).is_some() {
        Cow::Owned(echo.replace(['\n', '\r'], ""))
    } else {
        echo
    }
}

enum Shown {
    AsSent,
    Hidden,
    LeftOut,
    Rewritten(String),
}

/// `length` is what the object takes as sent.
fn rewritten(length: usize, members: &[Member<'_>], show: fn(&Member<'_>) -> Shown) -> String {
    let mut echo = String::with_capacity(length);
    echo.push('{');
    for member in members {
        let shown = show(member);
        if matches!(shown, Shown::LeftOut) {
            continue;
        }
        if echo.len() > 1 {
            echo.push(',');
        }
        echo.push_str(member.spelled.get());
        echo.push(':');
        echo.push_str(match &shown {
            Shown::AsSent => member.value.get(),
            Shown::Rewritten(text) => text,
            Shown::Hidden | Shown::LeftOut => HIDDEN,
        });
    }
    echo.push('}');
    echo
}

fn record(member: &Member<'_>) -> Shown {
    match &*member.name {
        "password" => object(member, password),
        "mfa" => object(member, mfa),
        _ => Shown::AsSent,
    }
}

fn password(member: &Member<'_>) -> Shown {
    match &*member.name {
        "type" => text_if(member, |text| PasswordKind::parse(text).is_some()),
        "password_hash" => Shown::Hidden,
        "expire_after" => text_if(member, |text| time::parse(text).is_some()),
        _ => Shown::LeftOut,
    }
}

fn mfa(member: &Member<'_>) -> Shown {
    match &*member.name {
        "email" => address(member, Identifier::Email),
        "phone_number" => address(member, Identifier::PhoneNumber),
        "password" => object(member, password),
        "totp" => object(member, totp),
        _ => Shown::LeftOut,
    }
}

fn totp(member: &Member<'_>) -> Shown {
    match &*member.name {
        "secret" => Shown::Hidden,
        _ => Shown::LeftOut,
    }
}

fn object(member: &Member<'_>, show: fn(&Member<'_>) -> Shown) -> Shown {
    match json::kind(member.value) {
        Kind::Object => {
            Shown::Rewritten(rewritten(member.value.get().len(), member.members(), show))
        }
        _ => Shown::Hidden,
    }
}

/// Whether a text is an address is the same under all settings; they only decide its key.
fn address(member: &Member<'_>, which: Identifier) -> Shown {
    if json::kind(member.value) == Kind::Null {
        return Shown::AsSent;
    }
    text_if(member, |text| login_id::normalise(which, text, &Settings::default()).is_ok())
}

fn text_if(member: &Member<'_>, is_harmless: impl Fn(&str) -> bool) -> Shown {
    let is_shown =
        json::kind(member.value) == Kind::String && is_harmless(&json::text(member.value));
    if is_shown { Shown::AsSent } else { Shown::Hidden }
}

#[cfg(test)]
mod tests;
