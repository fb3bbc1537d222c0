//! NDJSON: the records of a body are those of its lines, whatever the reads it comes in.
#![no_main]

mod pieces;

use libfuzzer_sys::fuzz_target;
use user_import::chunk::{Entry, Kind};
use user_import::import::task::Identifier;
use user_import::intake::fuzzing::{Document, Limits, Lines};

use pieces::Pieces;

/// A line, and its record; none where that is too large.
type Split = Vec<(u64, Option<Vec<u8>>)>;

fuzz_target!(|input: &[u8]| {
    let Some((knobs, body)) = input.split_first_chunk::<3>() else { return };
    let limit = usize::from(knobs[0]);
    if knobs[2] % 2 == 0 {
        lines(body, limit, u64::from(knobs[1]));
    } else {
        document(body, limit, u64::from(knobs[1]));
    }
});

fn lines(body: &[u8], limit: usize, seed: u64) {
    let expected = model(body, limit);
    assert_eq!(split([body].into_iter(), limit), expected, "in one piece");
    assert_eq!(split(body.chunks(1), limit), expected, "byte by byte");
    assert_eq!(split(Pieces::of(body, seed), limit), expected, "in pieces");
}

fn split<'a>(pieces: impl Iterator<Item = &'a [u8]>, limit: usize) -> Split {
    let mut lines = Lines::new(limit);
    let mut found = Vec::new();
    let mut note = |entry: Entry<'_>| {
        assert!(!entry.shares_with_earlier_chunk);
        let record = match entry.kind {
            Kind::Json(record) => Some(record.to_vec()),
            Kind::TooLarge { limit: told } if told == limit as u64 => None,
            other => panic!("no line is {other:?}"),
        };
        found.push((entry.line, record));
    };
    for mut piece in pieces {
        while let Some(entry) = lines.next(&mut piece) {
            note(entry);
        }
        assert!(piece.is_empty(), "a piece is used up");
    }
    if let Some(entry) = lines.end() {
        note(entry);
    }
    found
}

/// Every line of the body, told in one sentence; each byte belongs to one of them.
fn model(body: &[u8], limit: usize) -> Split {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(body.split(|byte| *byte == b'\n')) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mark: &[u8] = if number == 1 { b"\xef\xbb\xbf" } else { b"" };
        let record = line.strip_prefix(mark).unwrap_or(line);
        if !record.iter().all(|byte| b" \t\r".contains(byte)) {
            found.push((number, (record.len() <= limit).then(|| record.to_vec())));
        }
    }
    found
}

fn document(body: &[u8], limit: usize, records_max: u64) {
    let limits = Limits { record_bytes_max: limit as u64, records_max };
    let strict = strict::read(body);
    match Document::read(body.to_vec(), limits) {
        Ok(document) => {
            let strict = strict.expect("what is taken keeps the schema");
            let options = (document.options.upsert, document.options.dry_run);
            assert_eq!(options, (strict.upsert, strict.dry_run));
            assert_eq!(Some(document.options.identifier), Identifier::parse(&strict.identifier));
            let records: Vec<&[u8]> = document.records().collect();
            let expected: Vec<&[u8]> =
                strict.records.iter().map(|it| it.get().as_bytes()).collect();
            assert_eq!(records, expected);
            assert!(records.iter().all(|record| record.len() <= limit));
            assert!(records.len() as u64 <= records_max);
        }
        Err(error) => refused(body, error.fault(), strict.as_ref(), limits),
    }
}

fn refused(
    body: &[u8],
    fault: &user_import::import::outcome::Fault,
    strict: Option<&strict::Envelope<'_>>,
    limits: Limits,
) {
    let is_json = serde_json::from_slice::<&serde_json::value::RawValue>(body).is_ok();
    assert_eq!(fault.reason == "InvalidJSON", !is_json, "{fault:?}");
    if !is_json {
        let lines = body.split(|byte| *byte == b'\n').count() as u64;
        let line = fault.info["line"].as_u64().expect("a line");
        assert!((1..=lines).contains(&line), "{fault:?}");
        assert!((1..=body.len() as u64 + 1).contains(&fault.info["column"].as_u64().unwrap()));
    }
    assert!(fault.info["causes"].as_array().is_none_or(|causes| causes.len() <= 100));
    if let Some(strict) = strict {
        let longest = strict.records.iter().map(|record| record.get().len()).max();
        let is_beyond = strict.records.len() as u64 > limits.records_max
            || longest.is_some_and(|bytes| bytes as u64 > limits.record_bytes_max);
        assert!(is_beyond, "a sound document was refused: {fault:?}");
    }
}

/// The envelope a second time, as serde would have it.
mod strict {
    use serde::Deserialize;
    use serde::de::Deserializer;
    use serde_json::value::RawValue;
    use user_import::import::task::Identifier;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Envelope<'a> {
        pub identifier: String,
        #[serde(default, deserialize_with = "given")]
        pub upsert: bool,
        #[serde(default, deserialize_with = "given")]
        pub dry_run: bool,
        #[serde(borrow)]
        pub records: Vec<&'a RawValue>,
    }

    fn given<'de, D: Deserializer<'de>>(member: D) -> Result<bool, D::Error> {
        bool::deserialize(member)
    }

    pub fn read(body: &[u8]) -> Option<Envelope<'_>> {
        let is_object = |text: &[u8]| text.trim_ascii_start().starts_with(b"{");
        let envelope: Envelope<'_> = serde_json::from_slice(body).ok()?;
        let is_sound = is_object(body)
            && Identifier::parse(&envelope.identifier).is_some()
            && !envelope.records.is_empty()
            && envelope.records.iter().all(|record| record.get().starts_with('{'));
        is_sound.then_some(envelope)
    }
}
