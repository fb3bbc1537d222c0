//! Birthdates, of which the year or the day may be kept back.

use jiff::civil::Date;

/// `YYYY-MM-DD`, `0000-MM-DD`, `--MM-DD` or `YYYY`, as `OpenID` Connect Core (section 5.1) and
/// ISO 8601-1:2004 have them: a real calendar date, the 29th of February without a year too.
pub fn is_birthdate(text: &str) -> bool {
    match text.len() {
        4 => number(text).is_some_and(|year| year > 0),
        7 => text.strip_prefix("--").is_some_and(|day| is_day(LEAP_YEAR, day)),
        10 => text.split_at_checked(5).is_some_and(|(year, day)| {
            year.strip_suffix('-').and_then(number).is_some_and(|year| is_day(year, day))
        }),
        _ => false,
    }
}

const LEAP_YEAR: i16 = 2000;

fn is_day(year: i16, text: &str) -> bool {
    // `0000` stands for no year; as a year of the proleptic calendar it is a leap year all the same.
    let Some((month, day)) = text.split_once('-') else {
        return false;
    };
    if month.len() != 2 || day.len() != 2 {
        return false;
    }
    match (number(month), number(day)) {
        (Some(month), Some(day)) => Date::new(year, month as i8, day as i8).is_ok(),
        _ => false,
    }
}

/// The number that ASCII digits alone spell, at most four of them.
pub(super) fn number(digits: &str) -> Option<i16> {
    let is_number =
        matches!(digits.len(), 1..=4) && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_real_calendar_dates_pass() {
        for text in [
            "1990-01-31",
            "2000-02-29",
            "0000-02-29",
            "0000-12-31",
            "--02-29",
            "--12-31",
            "1990",
            "0001",
        ] {
            assert!(is_birthdate(text), "{text}");
        }
        for text in [
            "1990-02-30",
            "1990-13-01",
            "1990-00-10",
            "1990-01-00",
            "1900-02-29",
            "--02-30",
            "--2-29",
            "---01",
            "0000",
            "90",
            "19900131",
            "1990-1-31",
            "1990-01-31Z",
            "1990/01/31",
            "31-01-1990",
            "+990-01-01",
            "-990",
            "１９９０",
            "1990-01",
            "",
            " 1990",
        ] {
            assert!(!is_birthdate(text), "{text}");
        }
    }
}
