//! The echo of a record: what its details show of it.
//!
//! The bytes as they were sent, numbers and escapes untouched, on one line; but for the secrets.
//! At and below `password` and `mfa` only what is known to be none is shown, because secrets get
//! pasted into wrong places.

use std::borrow::Cow;
use std::ops::Range;

use super::format::time;
use super::json::{self, Kind, Member, Object, Raw};
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
    let object = json::read(json).ok()?;
    structure::is_readable(&object.members, DEPTH_MAX).then(|| shown(&object))
}

/// The same for a record that was read, and gives each name once in its object, not too deep.
pub(super) fn shown<'a>(record: &Object<'a>) -> Cow<'a, str> {
    let Object { text, ref members } = *record;
    let echo = if members.iter().any(|member| matches!(&*member.name, "password" | "mfa")) {
        Cow::Owned(rewritten(text, members, root))
    } else {
        Cow::Borrowed(text)
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

/// The object that was read into these members, which lie in its text.
fn rewritten(object: &str, members: &[Member<'_>], show: fn(&Member<'_>) -> Shown) -> String {
    let mut echo = Echo { object, text: String::with_capacity(object.len()), piece: 0..0 };
    for member in members {
        match show(member) {
            Shown::AsSent => echo.as_sent(member),
            Shown::Hidden => echo.instead(member, HIDDEN),
            Shown::Rewritten(value) => echo.instead(member, &value),
            Shown::LeftOut => {}
        }
    }
    echo.finish()
}

struct Echo<'a> {
    object: &'a str,
    /// Each member behind a comma, the first one too.
    text: String,
    /// Where members stand, one behind the other and without a space, that are still to be
    /// copied: a copy of most of an object costs less than one of each of its tokens.
    piece: Range<usize>,
}

impl Echo<'_> {
    fn as_sent(&mut self, member: &Member<'_>) {
        let (name, value) = (self.place(member.spelled), self.place(member.value));
        if name.end + 1 < value.start {
            return self.instead(member, member.value.get());
        }
        if name.start != self.piece.end + 1 || self.piece.is_empty() {
            self.copy();
            self.piece.start = name.start;
        }
        self.piece.end = value.end;
    }

    fn instead(&mut self, member: &Member<'_>, value: &str) {
        self.copy();
        for token in [",", member.spelled.get(), ":", value] {
            self.text.push_str(token);
        }
    }

    fn place(&self, token: Raw<'_>) -> Range<usize> {
        let start = token.get().as_ptr().addr() - self.object.as_ptr().addr();
        start..start + token.get().len()
    }

    fn copy(&mut self) {
        if !self.piece.is_empty() {
            self.text.push(',');
            self.text.push_str(&self.object[self.piece.clone()]);
        }
        self.piece = 0..0;
    }

    fn finish(mut self) -> String {
        self.copy();
        if self.text.is_empty() {
            return "{}".to_owned();
        }
        self.text.replace_range(..1, "{");
        self.text.push('}');
        self.text
    }
}

fn root(member: &Member<'_>) -> Shown {
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
        Kind::Object => Shown::Rewritten(rewritten(member.value.get(), member.members(), show)),
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
