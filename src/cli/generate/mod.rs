//! `generate`: realistic, unique users, the same for the same seed.
//!
//! For demonstrations, tests and benches: every user is made from its seed and its index alone,
//! so any part of a million can be made again without the rest.

mod format;
mod places;
mod random;
mod user;

pub use user::{KNOWN_PASSWORD, User};

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use clap::ValueEnum;

use super::output;

/// What is written at once; past 64 KiB a larger buffer gains nothing.
const BUFFER_BYTES: usize = 64 << 10;

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// One user a line
    Ndjson,
    /// A whole request body, found by email
    Json,
    /// A header line, then one user a line
    Csv,
}

/// Writes N realistic users, unique by email, phone number and username, to stdout
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  user-import generate 20000 > users.ndjson
  user-import submit users.ndjson --identifier email

Users of different seeds differ by email and username; by phone number, too, up to 10,000,000 users
of seeds that differ modulo 800 (later users have none). The password of the 1st, the 1001st, the
2001st user and so on is `correct horse battery staple`; the other hashes look real and belong to no
password.")]
pub struct Arguments {
    /// How many users
    #[arg(value_name = "N")]
    count: u64,
    /// The same seed gives the same users
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The form of the output
    #[arg(long, value_enum, default_value_t = Format::Ndjson)]
    format: Format,
}

pub fn run(args: &Arguments) -> Result<ExitCode> {
    let mut stdout = std::io::stdout().lock();
    output::checked(write(&mut stdout, args).and_then(|()| stdout.flush()))?;
    Ok(ExitCode::SUCCESS)
}

fn write(out: &mut impl Write, args: &Arguments) -> std::io::Result<()> {
    let mut buffer = String::with_capacity(BUFFER_BYTES + (8 << 10));
    buffer.push_str(match args.format {
        Format::Ndjson => "",
        Format::Json => "{\"identifier\":\"email\",\"records\":[\n",
        Format::Csv => format::CSV_HEAD,
    });
    for index in 0..args.count {
        let user = User::new(args.seed, index);
        match args.format {
            Format::Csv => format::csv(&user, &mut buffer),
            Format::Ndjson | Format::Json => format::json(&user, &mut buffer),
        }
        match args.format {
            Format::Ndjson => buffer.push('\n'),
            Format::Json if index + 1 < args.count => buffer.push_str(",\n"),
            _ => {}
        }
        if buffer.len() >= BUFFER_BYTES {
            out.write_all(buffer.as_bytes())?;
            buffer.clear();
        }
    }
    if matches!(args.format, Format::Json) {
        buffer.push_str("\n]}\n");
    }
    out.write_all(buffer.as_bytes())
}

/// User `index` of `seed` as a JSON object in one line, without its end.
pub fn record(seed: u64, index: u64) -> String {
    let mut line = String::with_capacity(1 << 10);
    format::json(&User::new(seed, index), &mut line);
    line
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use rlibphonenumber::PHONE_NUMBER_UTIL;
    use serde_json::Value;

    use super::*;

    fn text(seed: u64, count: u64, format: Format) -> String {
        let mut out = Vec::new();
        write(&mut out, &Arguments { count, seed, format }).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_same_seed_gives_the_same_users_and_another_gives_others() {
        assert_eq!(text(7, 300, Format::Ndjson), text(7, 300, Format::Ndjson));
        assert_ne!(text(7, 300, Format::Ndjson), text(8, 300, Format::Ndjson));
        let third = text(7, 3, Format::Ndjson).lines().nth(2).map(str::to_owned);
        assert_eq!(third, Some(record(7, 2)));
    }

    #[test]
    fn no_login_id_comes_twice_within_a_seed_or_between_two() {
        let mut seen = HashSet::new();
        for (seed, index) in
            [1, 2, 801].into_iter().flat_map(|seed| (0..5000).map(move |i| (seed, i)))
        {
            let user = User::new(seed, index);
            // Seeds 1 and 801 share phone numbers, as --help says.
            let phone = user.phone_number.filter(|_| seed != 801);
            for id in [Some(user.email), phone, user.preferred_username].into_iter().flatten() {
                assert!(id.len() <= 64);
                assert!(seen.insert(id.clone()), "{id}");
            }
        }
    }

    #[test]
    fn every_phone_number_is_possible() {
        for index in 0..2000 {
            let number = User::new(u64::MAX, index).phone_number.unwrap();
            let parsed = PHONE_NUMBER_UTIL.parse(&number, None).unwrap();
            assert!(PHONE_NUMBER_UTIL.is_possible_number(&parsed), "{number}");
        }
        assert_eq!(User::new(1, 10_000_000).phone_number, None);
    }

    #[test]
    fn every_format_is_well_formed_and_holds_every_user() {
        for line in text(3, 2000, Format::Ndjson).lines() {
            let user: Value = serde_json::from_str(line).unwrap();
            assert!(user["email"].is_string() && user["password"]["password_hash"].is_string());
        }
        let body: Value = serde_json::from_str(&text(3, 2000, Format::Json)).unwrap();
        assert_eq!(body["records"].as_array().map(Vec::len), Some(2000));
        assert_eq!(body["records"][9], serde_json::from_str::<Value>(&record(3, 9)).unwrap());
        let csv = text(3, 2000, Format::Csv);
        let columns = |line: &str| line.split(',').count();
        assert_eq!(csv.lines().count(), 2001);
        assert!(csv.lines().all(|line| columns(line) == columns(format::CSV_HEAD)));
    }

    #[test]
    fn hashes_look_real_and_the_known_password_is_true() {
        assert!(bcrypt::verify(KNOWN_PASSWORD, &User::new(5, 0).password_hash).unwrap());
        for index in 1..500 {
            let hash = User::new(5, index).password_hash;
            assert_eq!(hash.len(), 60);
            assert!(hash.parse::<bcrypt::HashParts>().is_ok(), "{hash}");
        }
    }
}
