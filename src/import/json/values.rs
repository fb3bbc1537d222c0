//! What the scanner's steps make of a text: its members, its elements, or a glance at it.

use super::scan::{Scanner, Token};
use super::{Member, Raw};

/// Levels whose members are read with the record's own: as many as a sound record has.
const LEVELS_READ: u32 = 3;

/// The members of the object that the text is.
pub(super) fn members(text: &str) -> Option<Vec<Member<'_>>> {
    whole(text, |scanner| members_of(scanner, text, LEVELS_READ))
}

/// The elements of the array that the text is.
pub(super) fn elements(text: &str) -> Option<Vec<Raw<'_>>> {
    whole(text, |scanner| {
        let mut elements = Vec::new();
        let mut is_open = scanner.opens(b'[', b']')?;
        while is_open {
            elements.push(raw(text, scanner.value()?));
            is_open = scanner.goes_on(b']')?;
        }
        Some(elements)
    })
}

/// The names and values of the object that bytes begin with, as far as they are JSON.
pub(in crate::import) fn glance(bytes: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut scanner = Scanner::of(bytes);
    scanner.space();
    let mut is_open = scanner.opens(b'{', b'}') == Some(true);
    std::iter::from_fn(move || {
        if !std::mem::take(&mut is_open) {
            return None;
        }
        let (name, value) = (scanner.name()?, scanner.value()?);
        is_open = scanner.goes_on(b'}') == Some(true);
        Some((&bytes[name.place], &bytes[value.place]))
    })
}

fn whole<T>(text: &str, read: impl FnOnce(&mut Scanner<'_>) -> Option<T>) -> Option<T> {
    let mut scanner = Scanner::of(text.as_bytes());
    scanner.space();
    let value = read(&mut scanner)?;
    scanner.space();
    (scanner.at() == text.len()).then_some(value)
}

fn members_of<'a>(
    scanner: &mut Scanner<'_>,
    text: &'a str,
    levels: u32,
) -> Option<Vec<Member<'a>>> {
    if !scanner.opens(b'{', b'}')? {
        return Some(Vec::new());
    }
    // Most records, and most objects in them, have fewer members than this.
    let mut members = Vec::with_capacity(if levels == LEVELS_READ { 24 } else { 8 });
    loop {
        let name = raw(text, scanner.name()?);
        let start = scanner.at();
        members.push(if levels > 1 && scanner.peek()? == b'{' {
            let members = members_of(scanner, text, levels - 1)?;
            Member::object(name, raw(text, scanner.token(start, false)), members)
        } else {
            Member::new(name, raw(text, scanner.value()?))
        });
        if !scanner.goes_on(b'}')? {
            return Some(members);
        }
    }
}

fn raw(text: &str, token: Token) -> Raw<'_> {
    Raw { spelled: &text[token.place], has_escape: token.has_escape }
}
