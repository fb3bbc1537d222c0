//! The records of a chunk, framed, compressed and sealed.

use std::ops::Range;

use super::entry::SHARES;
use super::{ChunkRef, Entry, Error, VERSION};
use crate::seal::TaskKey;

/// What the records of one chunk may take, framed. Intake cuts a chunk at about 1 MiB, after a
/// record of at most 14 MiB.
pub const PAYLOAD_BYTES_MAX: usize = 32 << 20;

/// Collects a chunk's records. Used again after [`Self::finish`], it keeps its memory.
#[derive(Default)]
pub struct PayloadWriter {
    framed: Vec<u8>,
    /// Where each entry's flags stand, for [`Self::mark_shared`].
    flags_at: Vec<u32>,
    line: u64,
}

impl PayloadWriter {
    pub fn new() -> Self {
        Self::default()
    }

    /// With memory for so much before it has to grow.
    pub fn with_capacity(records: usize, bytes: usize) -> Self {
        Self {
            framed: Vec::with_capacity(bytes),
            flags_at: Vec::with_capacity(records),
            ..Self::default()
        }
    }

    pub fn push(&mut self, entry: &Entry<'_>) {
        let flags_at = entry.write(self.line, &mut self.framed);
        self.line = entry.line;
        self.flags_at.push(flags_at as u32);
    }

    /// Records so far.
    pub fn len(&self) -> usize {
        self.flags_at.len()
    }

    pub fn is_empty(&self) -> bool {
        self.flags_at.is_empty()
    }

    /// Bytes so far, before compression.
    pub fn bytes(&self) -> usize {
        self.framed.len()
    }

    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        Entries { rest: &self.framed, line: 0, left: self.len() }
            .map(|entry| entry.expect("entries written here are read here"))
    }

    /// Marks the record at `position` of this chunk as one that shares a login id with a record
    /// of an earlier chunk.
    pub fn mark_shared(&mut self, position: usize) {
        self.framed[self.flags_at[position] as usize] |= SHARES;
    }

    /// Returns the sealed payload and the chunk it belongs to. Its record count is what was
    /// pushed, and must not be 0.
    pub fn finish(
        &mut self,
        key: &TaskKey,
        project: i32,
        task: i64,
        first_index: i64,
    ) -> (ChunkRef, Vec<u8>) {
        let chunk = ChunkRef { project, task, first_index, record_count: self.len() as i32 };
        let mut sealed = key.seal(&chunk.aad(), &super::deflate(&self.framed));
        sealed.insert(0, VERSION);
        self.framed.clear();
        self.flags_at.clear();
        self.line = 0;
        (chunk, sealed)
    }
}

/// The records of a chunk, opened.
pub struct Payload {
    framed: Vec<u8>,
    record_count: usize,
}

/// Opens, decompresses and checks a payload that was sealed for `chunk`.
pub fn read_payload(key: &TaskKey, chunk: &ChunkRef, sealed: &[u8]) -> Result<Payload, Error> {
    let (&version, sealed) = sealed.split_first().ok_or(Error::Empty)?;
    if version != VERSION {
        return Err(Error::UnknownVersion(version));
    }
    let framed = super::inflate(&key.open(&chunk.aad(), sealed)?, PAYLOAD_BYTES_MAX)?;
    let payload = Payload { framed, record_count: chunk.record_count as usize };
    payload.check()?;
    Ok(payload)
}

impl Payload {
    pub fn record_count(&self) -> usize {
        self.record_count
    }

    /// Bytes of all records, framed.
    pub fn bytes(&self) -> usize {
        self.framed.len()
    }

    /// As many as the chunk's record count, in index order.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.try_entries().map(|entry| entry.expect("read_payload has read every entry"))
    }

    /// A part of the chunk as a payload of its own. Marks stay as they are: who needs them to
    /// tell of records that now stand in another part as well sets them anew.
    pub fn part(&self, positions: Range<usize>) -> PayloadWriter {
        let mut part = PayloadWriter::new();
        for entry in self.entries().skip(positions.start).take(positions.len()) {
            part.push(&entry);
        }
        part
    }

    fn try_entries(&self) -> Entries<'_> {
        Entries { rest: &self.framed, line: 0, left: self.record_count }
    }

    fn check(&self) -> Result<(), Error> {
        let mut entries = self.try_entries();
        entries.by_ref().try_for_each(|entry| entry.map(|_| ()))?;
        if entries.rest.is_empty() { Ok(()) } else { Err(Error::Framing) }
    }
}

struct Entries<'a> {
    rest: &'a [u8],
    line: u64,
    left: usize,
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let entry = Entry::read(self.line, &mut self.rest);
        self.line = entry.as_ref().map_or(self.line, |entry| entry.line);
        Some(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::Kind;

    const ENTRIES: [Entry<'static>; 4] = [
        Entry {
            line: 2,
            shares_with_earlier_chunk: false,
            kind: Kind::Json(b"{\"email\":\"a@example.com\"}"),
        },
        Entry { line: 5, shares_with_earlier_chunk: true, kind: Kind::Json(b"no json \xff") },
        Entry {
            line: 9,
            shares_with_earlier_chunk: false,
            kind: Kind::TooLarge { limit: 1 << 20 },
        },
        Entry {
            line: 900,
            shares_with_earlier_chunk: false,
            kind: Kind::BadRow { cells: 3, columns: 4 },
        },
    ];

    fn written() -> PayloadWriter {
        let mut writer = PayloadWriter::new();
        for entry in &ENTRIES {
            writer.push(entry);
        }
        writer
    }

    #[test]
    fn what_was_pushed_comes_back() {
        let key = TaskKey::generate();
        let (chunk, sealed) = written().finish(&key, 1, 2, 3000);
        assert_eq!(chunk, ChunkRef { project: 1, task: 2, first_index: 3000, record_count: 4 });
        let payload = read_payload(&key, &chunk, &sealed).unwrap();
        assert!(payload.entries().eq(ENTRIES));
    }

    #[test]
    fn a_payload_opens_for_its_own_place_only() {
        let key = TaskKey::generate();
        let (chunk, sealed) = written().finish(&key, 1, 2, 3000);
        for other in [
            ChunkRef { project: 9, ..chunk },
            ChunkRef { task: 9, ..chunk },
            ChunkRef { first_index: 9, ..chunk },
            ChunkRef { record_count: 3, ..chunk },
        ] {
            let refused = read_payload(&key, &other, &sealed);
            assert!(matches!(refused, Err(Error::Seal(crate::seal::Error::CannotOpen))));
        }
        let mut newer = sealed.clone();
        newer[0] = 2;
        assert!(matches!(read_payload(&key, &chunk, &newer), Err(Error::UnknownVersion(2))));
        assert!(matches!(read_payload(&key, &chunk, &[]), Err(Error::Empty)));
    }

    #[test]
    fn marks_are_set_after_the_fact_and_the_writer_is_used_again() {
        let key = TaskKey::generate();
        let mut writer = written();
        writer.finish(&key, 1, 2, 0);
        assert!(writer.is_empty());
        for entry in &ENTRIES[..2] {
            writer.push(entry);
        }
        writer.mark_shared(0);
        let (chunk, sealed) = writer.finish(&key, 1, 2, 4);
        let payload = read_payload(&key, &chunk, &sealed).unwrap();
        assert!(payload.entries().all(|entry| entry.shares_with_earlier_chunk));
        assert_eq!(payload.entries().map(|entry| entry.line).collect::<Vec<_>>(), [2, 5]);
    }

    #[test]
    fn parts_together_are_the_whole() {
        let key = TaskKey::generate();
        let (chunk, sealed) = written().finish(&key, 1, 2, 10);
        let payload = read_payload(&key, &chunk, &sealed).unwrap();
        let mut entries = Vec::new();
        for positions in [0..1, 1..4] {
            let first_index = 10 + positions.start as i64;
            let (chunk, sealed) = payload.part(positions).finish(&key, 1, 2, first_index);
            let part = read_payload(&key, &chunk, &sealed).unwrap();
            entries
                .extend(part.entries().map(|entry| (entry.line, entry.shares_with_earlier_chunk)));
        }
        assert_eq!(entries, ENTRIES.map(|entry| (entry.line, entry.shares_with_earlier_chunk)));
    }

    #[test]
    fn nothing_inflates_beyond_the_bound() {
        let key = TaskKey::generate();
        let chunk = ChunkRef { project: 1, task: 2, first_index: 0, record_count: 1 };
        let bomb = zstd::bulk::compress(&vec![0; PAYLOAD_BYTES_MAX + 1], 1).unwrap();
        let mut sealed = key.seal(&chunk.aad(), &bomb);
        sealed.insert(0, VERSION);
        assert!(matches!(read_payload(&key, &chunk, &sealed), Err(Error::Compression)));
    }
}
