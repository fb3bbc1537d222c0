//! NDJSON: a record a line.
//!
//! Blank lines are passed over and counted as lines. The bytes of a record are kept as sent,
//! without the line's end and the file's byte order mark.

use crate::chunk::{Entry, Kind};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// What a line may have beside its record: a byte order mark and a carriage return.
const FRAME_BYTES_MAX: usize = BYTE_ORDER_MARK.len() + 1;

pub struct Lines {
    record_bytes_max: usize,
    /// The line that the next byte belongs to, less one.
    line: u64,
    /// The beginning of a line whose end has not come.
    carry: Vec<u8>,
    /// The carry was given out as a record and is cleared before the next.
    given: bool,
    /// The line is too large: nothing of it is kept.
    skipping: bool,
    /// All that was skipped is blank.
    skipped_is_blank: bool,
}

impl Lines {
    pub fn new(record_bytes_max: usize) -> Self {
        Self {
            record_bytes_max,
            line: 0,
            carry: Vec::new(),
            given: false,
            skipping: false,
            skipped_is_blank: false,
        }
    }

    pub fn next<'a, 'p: 'a>(&'a mut self, piece: &mut &'p [u8]) -> Option<Entry<'a>> {
        self.clear_given();
        while let Some(newline) = memchr::memchr(b'\n', piece) {
            let head = &piece[..newline];
            *piece = &piece[newline + 1..];
            if self.skipping {
                self.keep(head);
                self.line += 1;
                self.skipping = false;
                if self.skipped_is_blank {
                    continue;
                }
                return Some(self.too_large());
            }
            self.line += 1;
            if self.carry.is_empty() {
                let record = self.record(head);
                if !is_blank(record) {
                    return Some(self.entry(record));
                }
            } else {
                self.carry.extend_from_slice(head);
                if !is_blank(self.record(&self.carry)) {
                    self.given = true;
                    return Some(self.entry(self.record(&self.carry)));
                }
                self.carry.clear();
            }
        }
        self.keep(piece);
        *piece = &[];
        None
    }

    /// The last line, where nothing ends it.
    pub fn end(&mut self) -> Option<Entry<'_>> {
        self.clear_given();
        self.line += 1;
        if self.skipping {
            return (!self.skipped_is_blank).then(|| self.too_large());
        }
        let record = self.record(&self.carry);
        (!is_blank(record)).then(|| self.entry(record))
    }

    fn clear_given(&mut self) {
        if self.given {
            self.given = false;
            self.carry.clear();
        }
    }

    /// Keeps a part of the line that comes next.
    fn keep(&mut self, head: &[u8]) {
        if self.skipping {
            self.skipped_is_blank &= is_blank(head);
        } else if self.carry.len() + head.len() > self.record_bytes_max + FRAME_BYTES_MAX {
            self.skipping = true;
            // The mark may lie across two pieces.
            let (front, rest) = head.split_at(head.len().min(BYTE_ORDER_MARK.len()));
            self.carry.extend_from_slice(front);
            let kept = unmarked(self.line == 0, &self.carry);
            self.skipped_is_blank = is_blank(kept) && is_blank(rest);
            self.carry.clear();
        } else {
            self.carry.extend_from_slice(head);
        }
    }

    fn record<'a>(&self, line: &'a [u8]) -> &'a [u8] {
        unmarked(self.line == 1, line.strip_suffix(b"\r").unwrap_or(line))
    }

    fn entry<'a>(&self, record: &'a [u8]) -> Entry<'a> {
        if record.len() > self.record_bytes_max {
            self.too_large()
        } else {
            Entry { line: self.line, shares_with_earlier_chunk: false, kind: Kind::Json(record) }
        }
    }

    fn too_large(&self) -> Entry<'static> {
        let kind = Kind::TooLarge { limit: self.record_bytes_max as u64 };
        Entry { line: self.line, shares_with_earlier_chunk: false, kind }
    }
}

fn unmarked(is_first: bool, line: &[u8]) -> &[u8] {
    let mark = if is_first { BYTE_ORDER_MARK } else { b"" };
    line.strip_prefix(mark).unwrap_or(line)
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 12;

    /// Every entry of a file that comes in these pieces, as (line, record or nothing).
    fn split<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<(u64, Option<String>)> {
        let mut lines = Lines::new(LIMIT);
        let mut entries = Vec::new();
        let mut note = |entry: Entry<'_>| match entry.kind {
            Kind::Json(record) => {
                entries.push((entry.line, Some(String::from_utf8_lossy(record).into_owned())));
            }
            _ => entries.push((entry.line, None)),
        };
        for mut piece in pieces {
            while let Some(entry) = lines.next(&mut piece) {
                note(entry);
            }
        }
        lines.end().into_iter().for_each(note);
        entries
    }

    fn json(line: u64, record: &str) -> (u64, Option<String>) {
        (line, Some(record.to_owned()))
    }

    #[test]
    fn it_is_the_same_over_every_boundary() {
        let file = "\u{feff}{\"a\":1}\r\n\n  \t\r\n{\"b\":\"é\"}\n{\"thirteen\":1}\n{\"a\":\"too long\"}\r\nx\n{\"last\":1}".as_bytes();
        let expected = vec![
            json(1, r#"{"a":1}"#),
            json(4, r#"{"b":"é"}"#),
            (5, None),
            (6, None),
            json(7, "x"),
            json(8, r#"{"last":1}"#),
        ];
        assert_eq!(split([file].into_iter()), expected);
        for size in 1..file.len() {
            assert_eq!(split(file.chunks(size)), expected, "pieces of {size}");
        }
        for cut in 0..file.len() {
            assert_eq!(split([&file[..cut], &file[cut..]].into_iter()), expected, "cut at {cut}");
        }
    }

    #[test]
    fn the_limit_counts_the_record_and_not_its_frame() {
        let file = "\u{feff}{\"eleven\":1}\r\n{\"eleven\":1}\r\n{\"eleven\":12}\r\n".as_bytes();
        let expected = vec![json(1, r#"{"eleven":1}"#), json(2, r#"{"eleven":1}"#), (3, None)];
        for size in 1..=file.len() {
            assert_eq!(split(file.chunks(size)), expected, "pieces of {size}");
        }
    }

    #[test]
    fn a_file_without_a_record_has_none() {
        for file in ["", "\n", "\u{feff}", "\u{feff}\r\n \n\t\n", " "] {
            assert_eq!(split([file.as_bytes()].into_iter()), [], "{file:?}");
        }
    }

    #[test]
    fn a_blank_line_is_none_at_any_length() {
        let blank = " ".repeat(3 * LIMIT);
        let file =
            format!("\u{feff}{blank}\r\n{{}}\n{blank}\t\n{blank}x\n\u{feff}{blank}\n{blank}");
        let expected = vec![json(2, "{}"), (4, None), (5, None)];
        for size in 1..=file.len() {
            assert_eq!(split(file.as_bytes().chunks(size)), expected, "pieces of {size}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_one_only_at_the_beginning() {
        let file = "{}\n\u{feff}{}\n".as_bytes();
        assert_eq!(split([file].into_iter()), [json(1, "{}"), json(2, "\u{feff}{}")]);
    }

    #[test]
    fn of_a_line_that_is_too_large_nothing_is_held() {
        let mut lines = Lines::new(LIMIT);
        for _ in 0..1000 {
            assert!(lines.next(&mut [b'x'; 1000].as_slice()).is_none());
        }
        assert!(lines.carry.capacity() < 4096);
        assert!(matches!(
            lines.end(),
            Some(Entry { line: 1, kind: Kind::TooLarge { limit: 12 }, .. })
        ));
    }
}
