//! What a worker takes from the broker and from Postgres: a message, a payload, details.
#![no_main]

mod frame;
mod headers;

use arbitrary::Arbitrary;
use lapin::BasicProperties;
use lapin::protocol::basic::{gen_properties, parse_properties};
use lapin::types::AMQPValue;
use libfuzzer_sys::fuzz_target;
use user_import::amqp::BadMessage;
use user_import::amqp::fuzzing::{properties, read};
use user_import::chunk::{
    ChunkRef, DETAILS_BYTES_MAX, Entry, Kind, PAYLOAD_BYTES_MAX, PayloadWriter, VERSION,
    read_details, read_payload,
};
use user_import::seal::TaskKey;

use frame::Frame;
use headers::Headers;

fuzz_target!(|input: Input<'_>| match input {
    Input::Headers(headers, body) => message(&headers.properties(), body),
    Input::Wire(bytes, body) => {
        if let Ok((_, parsed)) = parse_properties(bytes) {
            message(&parsed, body);
        }
    }
    Input::Entries(entries, place) => entries_come_back(&entries, place),
    Input::Framed(framed, place) => framed_bytes(framed, place),
    Input::Sealed(sealed, place) => {
        let chunk = place.chunk();
        assert!(read_payload(&TaskKey::generate(), &chunk, sealed).is_err(), "nobody sealed that");
    }
    Input::Frame(frame, place) => inflate(&frame.bytes(), place),
    Input::Compressed(bytes, place) => inflate(bytes, place),
});

#[derive(Debug, Arbitrary)]
enum Input<'a> {
    Headers(Headers<'a>, &'a [u8]),
    Wire(&'a [u8], &'a [u8]),
    Entries(Vec<Record<'a>>, Place),
    Framed(&'a [u8], Place),
    Sealed(&'a [u8], Place),
    Frame(Frame<'a>, Place),
    Compressed(&'a [u8], Place),
}

/// What a message says comes back from what it writes, over the wire too; nothing else is read.
fn message(given: &BasicProperties, body: &[u8]) {
    let message = match read(given, body.to_vec()) {
        Ok(message) => message,
        Err(BadMessage::Version(version)) => return assert_ne!(version, 1),
        Err(BadMessage::Header(name)) => {
            let headers = given.headers().clone().unwrap_or_default();
            let value = headers.inner().get(name);
            let is_small = matches!(value, Some(AMQPValue::LongInt(_)));
            return assert!(!is_small, "{name} is a number: {value:?}");
        }
    };
    assert_eq!(message.sealed, body);
    let written = properties(&message);
    assert_eq!(read(&written, body.to_vec()).as_ref(), Ok(&message));
    let wire = cookie(&written);
    let (rest, parsed) = parse_properties(wire.as_slice()).expect("what lapin writes it reads");
    assert!(rest.is_empty());
    assert_eq!(read(&parsed, body.to_vec()), Ok(message));
}

fn cookie(properties: &BasicProperties) -> Vec<u8> {
    let written = gen_properties(properties)(Vec::new().into()).expect("a Vec takes every byte");
    written.into_inner().0
}

/// Entries come back as they were pushed, whole and in parts, and for their own chunk alone.
fn entries_come_back(records: &[Record<'_>], place: Place) {
    let entries: Vec<Entry<'_>> = records.iter().map(Record::entry).collect();
    if entries.is_empty() {
        return;
    }
    let key = TaskKey::generate();
    let mut writer = PayloadWriter::new();
    for entry in &entries {
        writer.push(entry);
    }
    assert!(writer.entries().eq(entries.iter().copied()));
    let bytes = writer.bytes();
    let (chunk, sealed) = writer.finish(&key, place.project, place.task, place.first_index);
    assert!(writer.is_empty() && writer.bytes() == 0);
    let payload = read_payload(&key, &chunk, &sealed).expect("what was written is read");
    assert_eq!(payload.bytes(), bytes);
    assert!(payload.entries().eq(entries.iter().copied()));
    let middle = usize::from(place.at) % entries.len();
    let parts = [0..middle, middle..entries.len()];
    let part = |positions| payload.part(positions).entries().map(Owned::of).collect::<Vec<_>>();
    let joined: Vec<Owned> = parts.into_iter().flat_map(part).collect();
    assert_eq!(joined, entries.iter().map(|entry| Owned::of(*entry)).collect::<Vec<_>>());
    let other = place.chunk();
    assert!(other == chunk || read_payload(&key, &other, &sealed).is_err());
    let mut changed = sealed;
    let at = usize::from(place.at) % changed.len();
    changed[at] ^= 1 + (place.at >> 8) as u8 % 255;
    assert!(read_payload(&key, &chunk, &changed).is_err(), "changed bytes do not open");
}

#[derive(Debug, PartialEq)]
struct Owned {
    line: u64,
    shares: bool,
    kind: String,
}

impl Owned {
    fn of(entry: Entry<'_>) -> Self {
        let kind = format!("{:?}", entry.kind);
        Self { line: entry.line, shares: entry.shares_with_earlier_chunk, kind }
    }
}

/// Any bytes as framing, under a good seal.
fn framed_bytes(framed: &[u8], place: Place) {
    let compressed =
        zstd::bulk::compress(framed, 1).expect("the buffer is as long as zstd's bound");
    payload(&compressed, place, Some(framed.len()));
}

/// A payload of these compressed bytes under a good seal; what it holds is written and read again.
fn payload(compressed: &[u8], place: Place, size: Option<usize>) {
    let (key, chunk) = (TaskKey::generate(), place.chunk());
    let mut sealed = vec![VERSION];
    sealed.extend(key.seal(&chunk.aad(), compressed));
    let Ok(payload) = read_payload(&key, &chunk, &sealed) else { return };
    assert!(payload.bytes() <= PAYLOAD_BYTES_MAX);
    assert!(size.is_none_or(|size| payload.bytes() == size));
    assert_eq!(payload.entries().count(), chunk.record_count as usize);
    let taken: usize = payload.entries().map(|entry| json_bytes(&entry)).sum();
    assert!(taken <= payload.bytes(), "records take what they were sent as");
    let mut again = payload.part(0..chunk.record_count as usize);
    assert!(again.entries().eq(payload.entries()));
    if again.is_empty() {
        return;
    }
    assert!(again.bytes() <= payload.bytes(), "numbers are written as short as they can be");
    let (same, sealed) = again.finish(&key, chunk.project, chunk.task, chunk.first_index);
    assert_eq!(same, chunk);
    let reread = read_payload(&key, &chunk, &sealed).expect("what was read is written and read");
    assert!(reread.entries().eq(payload.entries()));
}

fn json_bytes(entry: &Entry<'_>) -> usize {
    match entry.kind {
        Kind::Json(json) => json.len(),
        Kind::TooLarge { .. } | Kind::BadRow { .. } => 0,
    }
}

/// Compressed bytes by any hand: nothing inflates beyond its bound.
fn inflate(bytes: &[u8], place: Place) {
    if let Ok(details) = read_details(bytes) {
        assert!(details.len() <= DETAILS_BYTES_MAX);
        let again = zstd::bulk::compress(&details, 1).expect("a buffer of zstd's bound");
        assert!(read_details(&again).is_ok_and(|same| same == details));
    }
    payload(bytes, place, None);
}

/// Which chunk bytes are read as.
#[derive(Debug, Clone, Copy, Arbitrary)]
struct Place {
    project: i32,
    task: i64,
    first_index: i64,
    records: u8,
    any_records: Option<i32>,
    at: u16,
}

impl Place {
    fn chunk(self) -> ChunkRef {
        let record_count = self.any_records.unwrap_or(i32::from(self.records % 16));
        let Self { project, task, first_index, .. } = self;
        ChunkRef { project, task, first_index, record_count }
    }
}

#[derive(Debug, Arbitrary)]
struct Record<'a> {
    line: u64,
    shares: bool,
    what: What<'a>,
}

#[derive(Debug, Arbitrary)]
enum What<'a> {
    Json(&'a [u8]),
    TooLarge(u64),
    BadRow(u64, u64),
}

impl Record<'_> {
    fn entry(&self) -> Entry<'_> {
        let kind = match self.what {
            What::Json(json) => Kind::Json(json),
            What::TooLarge(limit) => Kind::TooLarge { limit },
            What::BadRow(cells, columns) => Kind::BadRow { cells, columns },
        };
        Entry { line: self.line, shares_with_earlier_chunk: self.shares, kind }
    }
}
