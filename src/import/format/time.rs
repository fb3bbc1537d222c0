//! Times: RFC 3339 and no other form of ISO 8601.
//!
//! Read by hand, because what a record may say must not grow with a parser's leniency.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::Offset;

use super::birthdate::number;

/// A time of RFC 3339, cut to the microseconds that Postgres keeps.
///
/// Stricter than jiff's own parser, which also takes other forms of ISO 8601. A leap second is
/// the second before it. `9999-12-31T23:59:59Z`, the "never" of many systems, lies beyond what
/// jiff can hold in every offset, so the last day of the calendar becomes the last moment it holds.
pub fn parse(text: &str) -> Option<Timestamp> {
    let (date, time) = (text.get(..10)?, text.get(11..)?);
    if !matches!(text.as_bytes()[10], b'T' | b't') {
        return None;
    }
    let date = parse_date(date)?;
    let (clock, rest) = (time.get(..8)?, time.get(8..)?);
    let time = parse_clock(clock)?;
    let (micros, offset) = split_fraction(rest)?;
    let time = time
        .with()
        .microsecond((micros % 1000) as i16)
        .millisecond((micros / 1000) as i16)
        .build()
        .ok()?;
    let offset = parse_offset(offset)?;
    Some(offset.to_timestamp(date.to_datetime(time)).unwrap_or_else(|_| latest()))
}

/// The last moment that jiff holds, in whole microseconds.
fn latest() -> Timestamp {
    Timestamp::new(Timestamp::MAX.as_second(), 999_999_000).unwrap_or(Timestamp::MAX)
}

fn parse_date(text: &str) -> Option<Date> {
    let bytes = text.as_bytes();
    if bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    Date::new(number(&text[..4])?, number(&text[5..7])? as i8, number(&text[8..])? as i8).ok()
}

fn parse_clock(text: &str) -> Option<Time> {
    let bytes = text.as_bytes();
    if bytes[2] != b':' || bytes[5] != b':' {
        return None;
    }
    let second = number(&text[6..])? as i8;
    let second = if second == 60 { 59 } else { second };
    Time::new(number(&text[..2])? as i8, number(&text[3..5])? as i8, second, 0).ok()
}

/// The microseconds, and what follows the fraction.
fn split_fraction(text: &str) -> Option<(u32, &str)> {
    let Some(fraction) = text.strip_prefix('.') else {
        return Some((0, text));
    };
    let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
    let (fraction, rest) = fraction.split_at(digits);
    let digit = |place| fraction.as_bytes().get(place).map_or(0, |digit| u32::from(digit - b'0'));
    let micros = (0..6).fold(0, |micros, place| micros * 10 + digit(place));
    (digits > 0).then_some((micros, rest))
}

fn parse_offset(text: &str) -> Option<Offset> {
    let sign = match text.as_bytes() {
        [b'Z' | b'z'] => return Some(Offset::UTC),
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return None,
    };
    if text.len() != 6 || text.as_bytes()[3] != b':' {
        return None;
    }
    let (hours, minutes) =
        (i32::from(number(text.get(1..3)?)?), i32::from(number(text.get(4..)?)?));
    if hours > 23 || minutes > 59 {
        return None;
    }
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_3339_is_taken_and_other_spellings_are_not() {
        for (text, expected) in [
            ("2024-04-04T06:56:36Z", Some("2024-04-04T06:56:36Z")),
            ("2024-04-04t06:56:36z", Some("2024-04-04T06:56:36Z")),
            ("2024-04-04T06:56:36+08:00", Some("2024-04-03T22:56:36Z")),
            ("2024-04-04T06:56:36-00:00", Some("2024-04-04T06:56:36Z")),
            ("2024-04-04T06:56:36.1Z", Some("2024-04-04T06:56:36.1Z")),
            ("2024-04-04T06:56:36.123456789012Z", Some("2024-04-04T06:56:36.123456Z")),
            ("2016-12-31T23:59:60Z", Some("2016-12-31T23:59:59Z")),
            ("2024-02-29T00:00:00Z", Some("2024-02-29T00:00:00Z")),
            ("9999-12-31T23:59:59Z", Some("9999-12-30T22:00:00.999999Z")),
            ("0000-01-01T00:00:00Z", Some("0000-01-01T00:00:00Z")),
            ("2023-02-29T00:00:00Z", None),
            ("2024-04-04T06:56:36", None),
            ("2024-04-04 06:56:36Z", None),
            ("2024-04-04T06:56Z", None),
            ("2024-04-04T06:56:36+0800", None),
            ("2024-04-04T06:56:36+08", None),
            ("2024-04-04T06:56:36+24:00", None),
            ("2024-04-04T06:56:36.Z", None),
            ("2024-04-04T24:00:00Z", None),
            ("2024-04-04T06:60:00Z", None),
            ("2024-04-04T06:56:61Z", None),
            ("2024-04-04T06:56:36Z[UTC]", None),
            ("20240404T065636Z", None),
            ("2024-04-04T06:56:36Z ", None),
            ("2024-04-04", None),
            ("+12024-04-04T06:56:36Z", None),
            ("２０２４-04-04T06:56:36Z", None),
            ("2024-04-04T06:5６:36Z", None),
            ("1712213796", None),
            ("", None),
        ] {
            assert_eq!(parse(text).map(|time| time.to_string()).as_deref(), expected, "{text}");
        }
    }
}
