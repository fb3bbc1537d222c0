//! What holds for every value of a record, known or not: no name twice in one object, no U+0000,
//! at most 32 levels.

use std::collections::HashSet;

use serde_json::value::RawValue;

use super::causes::{At, Causes};
use super::json::{self, Kind, Member};

/// The record is the first level.
pub(super) const DEPTH_MAX: usize = 32;

pub(super) fn check(record: &[Member<'_>], causes: &mut Causes) {
    object(record, &At::ROOT, 1, causes);
}

fn object(members: &[Member<'_>], at: &At<'_>, depth: usize, causes: &mut Causes) {
    for index in doubled(members) {
        causes.doubled(&at.member(&members[index].name));
    }
    for member in members {
        if member.name.contains('\0') {
            causes.holds_null_character(at);
        }
        value(member.value, &at.member(&member.name), depth, causes);
    }
}

fn value(raw: &RawValue, at: &At<'_>, depth: usize, causes: &mut Causes) {
    match json::kind(raw) {
        Kind::String if holds_null_character(raw) => causes.holds_null_character(at),
        Kind::Object | Kind::Array if depth == DEPTH_MAX => causes.too_deep(at, DEPTH_MAX),
        Kind::Object => object(&json::members(raw), at, depth + 1, causes),
        Kind::Array => {
            for (index, element) in json::elements(raw).into_iter().enumerate() {
                value(element, &at.element(index), depth + 1, causes);
            }
        }
        _ => {}
    }
}

/// A raw U+0000 is no JSON, so it can only be escaped; `\\u0000` spells six other characters.
fn holds_null_character(string: &RawValue) -> bool {
    string.get().contains("\\u0000") && json::text(string).contains('\0')
}

/// The members whose name stands in the object before.
pub(super) fn doubled(members: &[Member<'_>]) -> Vec<usize> {
    // Comparing each with each is faster than hashing up to a few dozen, and would be a means of
    // attack beyond.
    if members.len() <= 32 {
        let is_doubled = |index: &usize| {
            members[..*index].iter().any(|before| before.name == members[*index].name)
        };
        return (0..members.len()).filter(is_doubled).collect();
    }
    let mut seen = HashSet::with_capacity(members.len());
    (0..members.len()).filter(|index| !seen.insert(&*members[*index].name)).collect()
}

/// Gives no name twice in one object, and has at most so many levels.
pub(super) fn is_readable(record: &[Member<'_>], depth_max: usize) -> bool {
    doubled(record).is_empty()
        && record.iter().all(|member| is_value_readable(member.value, depth_max - 1))
}

fn is_value_readable(raw: &RawValue, levels_left: usize) -> bool {
    match json::kind(raw) {
        Kind::Object => levels_left > 0 && is_readable(&json::members(raw), levels_left),
        Kind::Array if levels_left > 0 => json::elements(raw)
            .into_iter()
            .all(|element| is_value_readable(element, levels_left - 1)),
        Kind::Array => false,
        _ => true,
    }
}
