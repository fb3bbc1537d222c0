//! CSV: a file means the same whatever the reads it comes in, and what is written is read.
#![no_main]

mod pieces;

use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};
use user_import::chunk::{Entry, Kind};
use user_import::intake::fuzzing::{Csv, Error};

use pieces::Pieces;

#[derive(Debug, PartialEq, Clone)]
enum Row {
    Json(Vec<u8>),
    TooLarge,
    Bad { cells: u64, columns: u64 },
}

/// The records before the end, each with its line, and how it ended.
type Outcome = (Vec<(u64, Row)>, Result<(), String>);

const MARK: &[u8] = b"\xef\xbb\xbf";

fuzz_target!(|input: &[u8]| {
    let Some((knobs, file)) = input.split_first_chunk::<2>() else { return };
    let seed = u64::from(knobs[1]);
    if knobs[0] % 4 == 3 {
        written_is_read(file, seed);
    } else {
        // Above what an empty line takes.
        any_file(file, 16 + usize::from(knobs[0]), seed);
    }
});

fn any_file(file: &[u8], limit: usize, seed: u64) {
    let outcome = read([file].into_iter(), limit);
    assert_eq!(read(file.chunks(1), limit), outcome, "byte by byte");
    assert_eq!(read(Pieces::of(file, seed), limit), outcome, "in pieces");
    sound(file, &outcome, limit);
    // Near the limit, a row's end counts as well.
    let fits = |outcome: &Outcome| {
        let is_small = |(_, row): &(u64, Row)| *row != Row::TooLarge;
        let names_a_size = outcome.1.as_ref().is_err_and(|error| error.contains("larger"));
        outcome.0.iter().all(is_small) && !names_a_size
    };
    if outcome.1.is_ok() && fits(&outcome) {
        let ended = read([file, b"\n"].into_iter(), limit);
        assert!(ended == outcome || !fits(&ended), "with an end of the last line: {ended:?}");
    }
    if !file.starts_with(MARK) && fits(&outcome) {
        let marked = read([MARK, file].into_iter(), limit);
        assert!(marked == outcome || !fits(&marked), "with a byte order mark: {marked:?}");
    }
}

fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>, limit: usize) -> Outcome {
    let mut csv = Csv::new(limit);
    let mut rows = Vec::new();
    let end = feed(&mut csv, pieces, limit, &mut rows);
    (rows, end)
}

fn feed<'a>(
    csv: &mut Csv,
    pieces: impl Iterator<Item = &'a [u8]>,
    limit: usize,
    rows: &mut Vec<(u64, Row)>,
) -> Result<(), String> {
    let told = |error: Error| format!("{error:?}");
    for mut piece in pieces {
        while let Some(entry) = csv.next(&mut piece).map_err(told)? {
            rows.push(row(&entry, limit));
        }
        assert!(piece.is_empty(), "a piece is used up");
    }
    rows.extend(csv.end().map_err(told)?.map(|entry| row(&entry, limit)));
    Ok(())
}

fn row(entry: &Entry<'_>, limit: usize) -> (u64, Row) {
    assert!(!entry.shares_with_earlier_chunk);
    let row = match entry.kind {
        Kind::Json(json) => {
            assert!(json.len() <= limit, "a record is beyond its limit");
            Row::Json(json.to_vec())
        }
        Kind::TooLarge { limit: told } => {
            assert_eq!(told, limit as u64);
            Row::TooLarge
        }
        Kind::BadRow { cells, columns } => {
            assert_ne!(cells, columns);
            Row::Bad { cells, columns }
        }
    };
    (entry.line, row)
}

/// Every row stands where its line says, none is missing, and each is JSON on one line.
fn sound(file: &[u8], (rows, end): &Outcome, limit: usize) {
    for (_, row) in rows {
        if let Row::Json(json) = row {
            assert!(!json.contains(&b'\n') && !json.contains(&b'\r'));
            if std::str::from_utf8(file).is_ok() {
                let members: Map<String, Value> = serde_json::from_slice(json).expect("JSON");
                assert!(members.len() <= limit);
            }
        }
    }
    let lines: Vec<u64> = rows.iter().map(|(line, _)| *line).collect();
    let expected = lines_of_rows(file);
    let expected = expected.get(1..).unwrap_or_default();
    match end {
        Ok(()) => assert_eq!(lines, expected),
        Err(_) => assert!(expected.starts_with(&lines), "{lines:?} of {expected:?}"),
    }
}

/// Where quoting is strict, a row ends at the first end of a line behind an even number of quotes.
fn lines_of_rows(file: &[u8]) -> Vec<u64> {
    let mut found = Vec::new();
    let (mut line, mut quotes, mut start) = (1, 0, 0);
    let mut first = 1;
    for at in 0..=file.len() {
        let byte = file.get(at);
        quotes += usize::from(byte == Some(&b'"'));
        let is_end = byte.is_none() || byte == Some(&b'\n') && quotes % 2 == 0;
        line += u64::from(byte == Some(&b'\n'));
        if is_end {
            let row = &file[start..at];
            let row = if first == 1 { row.strip_prefix(MARK).unwrap_or(row) } else { row };
            if !matches!(row, b"" | b"\r") {
                found.push(first);
            }
            (start, first) = (at + 1, line);
        }
    }
    found
}

/// The input is cells: columns and rows are separated by bytes that no text has.
fn written_is_read(input: &[u8], seed: u64) {
    const COLUMNS: [&str; 6] = [
        "email",
        "email_verified",
        "roles",
        "password.password_hash",
        "custom_attributes.a.b",
        "custom_attributes.a.c",
    ];
    let width = 1 + seed as usize % COLUMNS.len();
    let columns = &COLUMNS[..width];
    let text = String::from_utf8_lossy(input);
    let mut file = columns.join(",");
    let mut expected = Vec::new();
    let mut line = 1;
    let mut cells = text.split('\u{1f}').map(str::to_owned).peekable();
    while cells.peek().is_some() {
        file.push_str(if seed.is_multiple_of(2) { "\r\n" } else { "\n" });
        line += 1;
        let row: Vec<String> = (0..width).map(|_| cells.next().unwrap_or_default()).collect();
        let written: Vec<String> = row.iter().map(|cell| write(cell, seed)).collect();
        file.push_str(&written.join(","));
        expected.push((line, object(columns, &row)));
        line += row.iter().map(|cell| cell.matches('\n').count() as u64).sum::<u64>();
    }
    let (rows, end) = read(Pieces::of(file.as_bytes(), seed), 1 << 20);
    assert_eq!(end, Ok(()));
    let rows: Vec<(u64, Value)> = rows
        .into_iter()
        .map(|(line, row)| match row {
            Row::Json(json) => (line, serde_json::from_slice(&json).expect("JSON")),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(rows, expected, "{file:?}");
}

fn write(cell: &str, seed: u64) -> String {
    let must = cell.is_empty() || cell.contains([',', '"', '\n', '\r']);
    if must || seed.is_multiple_of(5) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

/// What the columns and the cells say, as the docs have it.
fn object(columns: &[&str], cells: &[String]) -> Value {
    let mut record = json!({});
    for (column, cell) in columns.iter().zip(cells) {
        let value = match (*column, cell.as_str()) {
            (_, "") => continue,
            (_, "\\N") => Value::Null,
            ("email_verified" | "custom_attributes.a.b" | "custom_attributes.a.c", "true") => {
                true.into()
            }
            ("email_verified" | "custom_attributes.a.b" | "custom_attributes.a.c", "false") => {
                false.into()
            }
            ("roles", "[]") => json!([]),
            ("roles", list) => list.split(';').collect(),
            (_, text) => text.into(),
        };
        let place = column.split('.').fold(&mut record, |object, name| &mut object[name]);
        *place = value;
    }
    record
}
