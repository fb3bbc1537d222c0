//! Phone numbers: E.164, by libphonenumber's rules for each country.
//!
//! Only what leads to a number is normalised here, the punctuation of a spelling; which digits
//! are a trunk prefix and how many a country has is left to the metadata.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat};

use super::{Refused, settle};
use crate::import::record::LoginId;

const REFUSED: Refused = Refused::Format("phone_number");

/// Digits and what people put between them; longer is no spelling of 15 digits.
const SPELLING_BYTES_MAX: usize = 100;

/// A possible number in E.164, from any spelling with a leading `+` and ASCII digits.
///
/// Letters are refused: neither an extension nor a vanity number is E.164.
pub fn phone_number(text: &str) -> Result<LoginId, Refused> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Refused::Empty);
    }
    let spelled =
        text.strip_prefix('+').filter(|rest| rest.len() <= SPELLING_BYTES_MAX).ok_or(REFUSED)?;
    let mut plain = String::with_capacity(16);
    plain.push('+');
    for char in spelled.chars() {
        match char {
            '0'..='9' => plain.push(char),
            _ if is_punctuation(char) => {}
            _ => return Err(REFUSED),
        }
    }
    // A national prefix may stand behind another one: what libphonenumber leaves of
    // `+44 (0)20 ...` is read again until it reads as itself.
    settle(&plain, e164).map(LoginId::plain).ok_or(REFUSED)
}

fn e164(plain: &str) -> Option<String> {
    let number = PHONE_NUMBER_UTIL.parse(plain, None).ok()?;
    PHONE_NUMBER_UTIL
        .is_possible_number(&number)
        .then(|| PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164).into_owned())
}

/// What libphonenumber calls valid punctuation, but for the letter `x` and invisible characters.
const fn is_punctuation(char: char) -> bool {
    matches!(
        char,
        '-' | '.' | '/' | '(' | ')' | '[' | ']' | '~' | ' ' | '\u{a0}' | '\u{2010}'..='\u{2015}' | '\u{2053}'
            | '\u{2212}' | '\u{223c}' | '\u{3000}' | '\u{30fc}' | '\u{ff08}' | '\u{ff09}' | '\u{ff0d}'..='\u{ff0f}'
            | '\u{ff3b}' | '\u{ff3d}'
    )
}
