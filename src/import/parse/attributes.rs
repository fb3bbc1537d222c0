//! Standard and custom attributes, kept to the byte as they were spelled.

use std::borrow::Cow;

use super::Reader;
use crate::import::causes::At;
use crate::import::format::{birthdate, locale, uri, zoneinfo};
use crate::import::json::{self, Kind, Member, Raw};
use crate::import::record::Given;

/// What the text of a standard attribute must be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Check {
    Anything,
    Uri,
    WebUri,
    Birthdate,
    Zone,
    Locale,
}

impl Check {
    fn passes(self, text: &str) -> bool {
        match self {
            Self::Anything => true,
            Self::Uri => uri::is_absolute_with_host(text),
            Self::WebUri => uri::is_web(text),
            Self::Birthdate => birthdate::is_birthdate(text),
            Self::Zone => zoneinfo::is_zone(text),
            Self::Locale => locale::is_canonical(text),
        }
    }

    /// As a cause names it.
    const fn format(self) -> &'static str {
        match self {
            Self::Anything => "string",
            Self::Uri => "uri",
            Self::WebUri => "http-uri",
            Self::Birthdate => "birthdate",
            Self::Zone => "timezone",
            Self::Locale => "bcp47",
        }
    }
}

/// What is a string, and stands in a user under this name.
const STANDARD: [&str; 12] = [
    "name",
    "given_name",
    "family_name",
    "middle_name",
    "nickname",
    "gender",
    "profile",
    "website",
    "picture",
    "birthdate",
    "zoneinfo",
    "locale",
];

const ADDRESS: [&str; 6] =
    ["formatted", "street_address", "locality", "region", "postal_code", "country"];

impl Reader<'_> {
    /// A string or null; an empty string is null.
    pub(super) fn attribute(&mut self, at: &At<'_>, member: &Member<'_>, check: Check) {
        if !self.is_a_or_null(Kind::String, at, member.value) {
            return;
        }
        let value = if is_blank(member.value) {
            Given::Null
        } else {
            let text = json::text(member.value);
            if !check.passes(&text) {
                self.causes.not_as(at, check.format(), &text);
            }
            Given::Value(member.value.get().into())
        };
        let name = STANDARD.into_iter().find(|name| *name == member.name);
        let name = name.expect("a standard attribute but the address is read here");
        self.record.attributes.push((Cow::Borrowed(name), value));
    }

    /// An object of strings. A member that is null or empty says nothing, and an address that
    /// says nothing is null.
    pub(super) fn address(&mut self, at: &At<'_>, member: &Member<'_>) {
        if !self.is_a_or_null(Kind::Object, at, member.value) {
            return;
        }
        let is_null = json::kind(member.value) == Kind::Null;
        let mut address = String::with_capacity(member.value.get().len());
        for member in if is_null { &[] } else { member.members() } {
            let at = &at.member(&member.name);
            if !ADDRESS.contains(&&*member.name) {
                self.causes.unknown(at);
            } else if self.is_a_or_null(Kind::String, at, member.value) && !is_blank(member.value) {
                address.push(if address.is_empty() { '{' } else { ',' });
                for part in ["\"", &member.name, "\":", member.value.get()] {
                    address.push_str(part);
                }
            }
        }
        let value = if address.is_empty() {
            Given::Null
        } else {
            address.push('}');
            Given::Value(address.into())
        };
        self.record.attributes.push((Cow::Borrowed("address"), value));
    }

    pub(super) fn custom_attributes(&mut self, at: &At<'_>, member: &Member<'_>) {
        let settings = self.settings;
        let members = self.object(at, member).unwrap_or_default();
        self.record.custom_attributes.reserve(members.len());
        for member in members {
            let at = &at.member(&member.name);
            settings.custom_attributes.check(&member.name, member.value, at, &mut self.causes);
            let value = match json::kind(member.value) {
                Kind::Null => Given::Null,
                _ => Given::Value(member.value.get().into()),
            };
            self.record
                .custom_attributes
                .push((Cow::Owned(member.name.clone().into_owned()), value));
        }
    }
}

fn is_blank(raw: Raw<'_>) -> bool {
    matches!(raw.get(), "null" | "\"\"")
}
