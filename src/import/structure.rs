//! What holds for every value of a record, known or not: no name twice in one object, no U+0000,
//! at most 32 levels.

use std::collections::HashSet;

use super::causes::{At, Causes};
use super::json::{self, Kind, Member, Raw};

/// The record is the first level.
pub(super) const DEPTH_MAX: usize = 32;

/// `has_escapes`: U+0000 has to be looked for, for raw it is no JSON.
pub(super) fn check(record: &[Member<'_>], has_escapes: bool, causes: &mut Causes) {
    Walk { has_escapes, causes }.object(record, &At::ROOT, 1);
}

struct Walk<'c> {
    has_escapes: bool,
    causes: &'c mut Causes,
}

impl Walk<'_> {
    fn object(&mut self, members: &[Member<'_>], at: &At<'_>, depth: usize) {
        for index in doubled(members) {
            self.causes.doubled(&at.member(&members[index].name));
        }
        for member in members {
            if self.has_escapes && member.name.contains('\0') {
                self.causes.holds_null_character(at);
            }
            let at = &at.member(&member.name);
            match json::kind(member.value) {
                Kind::Object if depth < DEPTH_MAX => self.object(member.members(), at, depth + 1),
                _ => self.value(member.value, at, depth),
            }
        }
    }

    fn value(&mut self, raw: Raw<'_>, at: &At<'_>, depth: usize) {
        match json::kind(raw) {
            Kind::String if self.has_escapes && holds_null_character(raw) => {
                self.causes.holds_null_character(at);
            }
            Kind::Object | Kind::Array if depth == DEPTH_MAX => self.causes.too_deep(at, DEPTH_MAX),
            Kind::Object => self.object(&json::members(raw), at, depth + 1),
            Kind::Array if !self.has_escapes && is_flat(raw) => {}
            Kind::Array => {
                for (index, element) in json::elements(raw).into_iter().enumerate() {
                    self.value(element, &at.element(index), depth + 1);
                }
            }
            _ => {}
        }
    }
}

/// Whether an array surely holds neither object nor array, in which a name or a level could be
/// wrong.
fn is_flat(array: Raw<'_>) -> bool {
    memchr::memchr2(b'{', b'[', &array.get().as_bytes()[1..]).is_none()
}

/// A raw U+0000 is no JSON, so it can only be escaped; `\\u0000` spells six other characters.
fn holds_null_character(string: Raw<'_>) -> bool {
    string.get().contains("\\u0000") && json::text(string).contains('\0')
}

/// The members whose name stands in the object before.
pub(super) fn doubled(members: &[Member<'_>]) -> Vec<usize> {
    // Comparing each with each is faster than hashing up to a few dozen, and would be a means of
    // attack beyond. Most names differ already in what a bit can tell.
    if members.len() <= 32 {
        let mut seen = 0_u64;
        let is_doubled = |index: &usize| {
            let (bit, before) = (mark(&members[*index].name), &members[..*index]);
            let is_new = seen & bit == 0;
            seen |= bit;
            !is_new && before.iter().any(|before| before.name == members[*index].name)
        };
        return (0..members.len()).filter(is_doubled).collect();
    }
    let mut seen = HashSet::with_capacity(members.len());
    (0..members.len()).filter(|index| !seen.insert(&*members[*index].name)).collect()
}

/// One of 64 bits, by a name's length and ends; a record's own names share one at most.
fn mark(name: &str) -> u64 {
    let (first, last) = (name.bytes().next(), name.bytes().next_back());
    let ends = u64::from(first.unwrap_or(0)) + u64::from(last.unwrap_or(0)) * 3;
    1 << ((ends + name.len() as u64 * 13) % 64)
}

/// Gives no name twice in one object, and has at most so many levels.
pub(super) fn is_readable(record: &[Member<'_>], depth_max: usize) -> bool {
    doubled(record).is_empty()
        && record.iter().all(|member| match json::kind(member.value) {
            Kind::Object => depth_max > 1 && is_readable(member.members(), depth_max - 1),
            _ => is_value_readable(member.value, depth_max - 1),
        })
}

fn is_value_readable(raw: Raw<'_>, levels_left: usize) -> bool {
    match json::kind(raw) {
        Kind::Object => levels_left > 0 && is_readable(&json::members(raw), levels_left),
        Kind::Array if levels_left > 0 => json::elements(raw)
            .into_iter()
            .all(|element| is_value_readable(element, levels_left - 1)),
        Kind::Array => false,
        _ => true,
    }
}
