//! Members by their type: a broken one adds a cause and reads as absent.

use std::borrow::Cow;

use jiff::Timestamp;

use super::Reader;
use crate::import::causes::At;
use crate::import::format::time;
use crate::import::json::{self, Kind, Member, Raw};
use crate::import::login_id::Refused;

impl Reader<'_> {
    pub(super) fn boolean(&mut self, at: &At<'_>, raw: Raw<'_>) -> Option<bool> {
        self.is_a(Kind::Boolean, at, raw).then(|| raw.get() == "true")
    }

    pub(super) fn string<'a>(&mut self, at: &At<'_>, raw: Raw<'a>) -> Option<Cow<'a, str>> {
        self.is_a(Kind::String, at, raw).then(|| json::text(raw))
    }

    pub(super) fn object<'m, 'a>(
        &mut self,
        at: &At<'_>,
        member: &'m Member<'a>,
    ) -> Option<&'m [Member<'a>]> {
        self.is_a(Kind::Object, at, member.value).then(|| member.members())
    }

    pub(super) fn time(&mut self, at: &At<'_>, raw: Raw<'_>) -> Option<Timestamp> {
        let text = self.string(at, raw)?;
        let time = time::parse(&text);
        if time.is_none() {
            self.causes.not_as(at, "date-time", &text);
        }
        time
    }

    /// A set of roles or groups: sorted, each once, however often it is given.
    pub(super) fn names(&mut self, at: &At<'_>, raw: Raw<'_>) -> Option<Vec<String>> {
        if !self.is_a(Kind::Array, at, raw) {
            return None;
        }
        let mut names = Vec::new();
        for (index, element) in json::elements(raw).into_iter().enumerate() {
            let at = &at.element(index);
            match self.string(at, element) {
                Some(name) if name.is_empty() => self.causes.too_short(at),
                Some(name) => names.push(name.into_owned()),
                None => {}
            }
        }
        names.sort_unstable();
        names.dedup();
        Some(names)
    }

    pub(super) fn is_a(&mut self, expected: Kind, at: &At<'_>, raw: Raw<'_>) -> bool {
        let actual = json::kind(raw);
        if actual != expected {
            self.causes.wrong_type(at, &[expected.as_str()], actual.as_str());
        }
        actual == expected
    }

    pub(super) fn refuse(&mut self, at: &At<'_>, refused: Refused, text: &str) {
        match refused {
            Refused::Empty => self.causes.too_short(at),
            Refused::TooLong { max, actual } => self.causes.too_long(at, max, actual),
            Refused::Format(format) => self.causes.not_as(at, format, text),
        }
    }

    /// Like [`Self::is_a`], where null may stand too.
    pub(super) fn is_a_or_null(&mut self, expected: Kind, at: &At<'_>, raw: Raw<'_>) -> bool {
        let actual = json::kind(raw);
        let is_sound = actual == expected || actual == Kind::Null;
        if !is_sound {
            self.causes.wrong_type(at, &[expected.as_str(), "null"], actual.as_str());
        }
        is_sound
    }
}
