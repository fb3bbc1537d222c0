//! What a file holds, told by its name: a format and perhaps a compression.

use std::fmt;
use std::str::FromStr;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Ndjson,
    Json,
    Csv,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    Gzip,
    Zstd,
}

impl Format {
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Json => "application/json",
            Self::Csv => "text/csv",
        }
    }

    fn of_suffix(suffix: &str) -> Option<Self> {
        match suffix {
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            "json" => Some(Self::Json),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }
}

impl Coding {
    pub fn content_encoding(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    fn of_suffix(suffix: &str) -> Option<Self> {
        match suffix {
            "gz" => Some(Self::Gzip),
            "zst" | "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// What the end of a file's name says; either part may be missing.
pub fn by_suffix(name: &str) -> (Option<Format>, Option<Coding>) {
    let name = name.to_ascii_lowercase();
    let suffix =
        |name: &str| name.rsplit_once('.').map(|(rest, end)| (rest.to_owned(), end.to_owned()));
    let Some((rest, end)) = suffix(&name) else {
        return (None, None);
    };
    match Coding::of_suffix(&end) {
        None => (Format::of_suffix(&end), None),
        coding => (suffix(&rest).and_then(|(_, end)| Format::of_suffix(&end)), coding),
    }
}

/// `--format`, as a suffix would be: `ndjson`, `csv.gz`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Given {
    pub format: Format,
    pub coding: Option<Coding>,
}

impl FromStr for Given {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Self, Unknown> {
        match by_suffix(&format!(".{text}")) {
            (Some(format), coding) => Ok(Self { format, coding }),
            _ => Err(Unknown),
        }
    }
}

#[derive(Debug)]
pub struct Unknown;

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a format is ndjson, json or csv, perhaps with .gz or .zst behind it")
    }
}

impl std::error::Error for Unknown {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_name_says_format_and_compression() {
        use {Coding::*, Format::*};
        for (name, expected) in [
            ("users.ndjson", (Some(Ndjson), None)),
            ("users.jsonl", (Some(Ndjson), None)),
            ("a.b/users.JSON", (Some(Json), None)),
            ("users.csv", (Some(Csv), None)),
            ("users.csv.gz", (Some(Csv), Some(Gzip))),
            ("users.ndjson.zst", (Some(Ndjson), Some(Zstd))),
            ("users.jsonl.zstd", (Some(Ndjson), Some(Zstd))),
            ("users.gz", (None, Some(Gzip))),
            ("users", (None, None)),
            ("users.txt", (None, None)),
            ("csv", (None, None)),
            ("", (None, None)),
        ] {
            assert_eq!(by_suffix(name), expected, "{name}");
        }
    }

    #[test]
    fn a_format_is_given_as_its_suffix() {
        assert_eq!("csv".parse::<Given>().unwrap(), Given { format: Format::Csv, coding: None });
        assert_eq!("ndjson.gz".parse::<Given>().unwrap().coding, Some(Coding::Gzip));
        assert!("xml".parse::<Given>().is_err() && "gz".parse::<Given>().is_err());
    }
}
