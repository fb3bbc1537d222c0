//! Phone numbers: E.164, by libphonenumber's rules for each country.
//!
//! Only what leads to a number is normalised here, the punctuation of a spelling; which digits
//! are a trunk prefix and how many a country has is left to the metadata.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberFormat};

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
    if is_plainly_e164(&plain[1..]) {
        return Ok(LoginId::plain(plain));
    }
    // A national prefix may stand behind another one: what libphonenumber leaves of
    // `+44 (0)20 ...` is read again until it reads as itself.
    settle(&plain, e164).map(LoginId::plain).ok_or(REFUSED)
}

/// What a number may begin with, by calling code, that libphonenumber could take for a national
/// prefix or a carrier's code: its metadata of 2026, but for zeros. `""`: anything.
const PREFIXES: &[(i32, &[&str])] = &[
    (1, &["1"]),
    (7, &["8"]),
    (44, &["180020"]),
    (54, &[""]),
    (55, &["90"]),
    (61, &["183"]),
    (86, &["11", "12", "179"]),
    (261, &[""]),
    (298, &["10"]),
    (352, &["15"]),
    (370, &["8"]),
    (375, &["8"]),
    (378, &["8", "9"]),
    (423, &["1001"]),
    (506, &["19"]),
    (672, &[""]),
    (692, &["1"]),
    (993, &["8"]),
];

/// Whether [`e164`] would leave these digits as they are: a calling code, and behind it as many as
/// a number there may have, with nothing to take off. Most numbers are sent so, and are spared half
/// a dozen regular expressions. False says nothing.
fn is_plainly_e164(digits: &str) -> bool {
    // How zeros are counted is libphonenumber's affair.
    if digits.starts_with('0') {
        return false;
    }
    // No calling code begins with another.
    let Some((calling_code, number)) = (1..=3).find_map(|length| {
        let (code, number) = digits.split_at_checked(length)?;
        let code = code.parse().ok()?;
        PHONE_NUMBER_UTIL.get_region_for_country_code(code).map(|_| (code, number))
    }) else {
        return false;
    };
    let prefixes = PREFIXES.iter().find(|(code, _)| *code == calling_code);
    let prefixes = prefixes.map_or(&[][..], |(_, prefixes)| prefixes);
    if number.starts_with('0') || prefixes.iter().any(|prefix| number.starts_with(prefix)) {
        return false;
    }
    // E.164 has 15 digits in all; of a number with more libphonenumber is asked.
    if !(2..=15).contains(&number.len()) {
        return false;
    }
    let Ok(national_number) = number.parse() else { return false };
    let number =
        PhoneNumber { country_code: calling_code, national_number, ..PhoneNumber::default() };
    PHONE_NUMBER_UTIL.is_possible_number(&number)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn agrees(digits: &str) -> Result<(), TestCaseError> {
        if is_plainly_e164(digits) {
            let plain = format!("+{digits}");
            prop_assert_eq!(e164(&plain), Some(plain));
        }
        Ok(())
    }

    /// A prefix of up to three digits that the next metadata brings is found here.
    #[test]
    fn plain_numbers_of_every_calling_code_are_what_libphonenumber_makes_of_them() {
        let mut plain = 0;
        for code in PHONE_NUMBER_UTIL.get_supported_calling_codes() {
            for start in 100..1000 {
                for length in 7..=11 {
                    let digits = format!("{code}{start}{}", &"7135902468"[..length - 3]);
                    agrees(&digits).unwrap();
                    plain += u32::from(is_plainly_e164(&digits));
                }
            }
        }
        assert!(plain > 10_000, "{plain}");
    }

    proptest! {
        #[test]
        fn what_is_plainly_a_number_is_what_libphonenumber_makes_of_it(digits in "[0-9]{1,18}") {
            agrees(&digits)?;
        }

        #[test]
        fn plain_numbers_of_a_calling_code_are_too(
            code in proptest::sample::select(
                PHONE_NUMBER_UTIL.get_supported_calling_codes().collect::<Vec<_>>()),
            number in "[0-9]{4,13}",
        ) {
            agrees(&format!("{code}{number}"))?;
        }
    }
}
