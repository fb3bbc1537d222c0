//! One record in a payload, and its binary framing.
//!
//! An entry is its line, a byte of flags, and what its kind needs; numbers are LEB128, the line
//! is a difference to the line before. Compact, and read without a copy.

use super::Error;

/// A record on its way to its outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The line in the file as sent, from 1; 0 for a JSON document.
    pub line: u64,
    /// Shares a login id with an earlier record of the file that stands in another chunk.
    pub shares_with_earlier_chunk: bool,
    pub kind: Kind<'a>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind<'a> {
    /// The bytes as sent. They are JSON only if the sender kept to it.
    Json(&'a [u8]),
    /// Larger than `limit` bytes; what stood there was not kept.
    TooLarge { limit: u64 },
    /// A CSV row that has not as many cells as the header has columns.
    BadRow { cells: u64, columns: u64 },
}

const JSON: u8 = 0;
const TOO_LARGE: u8 = 1;
const BAD_ROW: u8 = 2;
pub(super) const SHARES: u8 = 0x80;

impl Entry<'_> {
    /// Appends the entry and returns where its flags stand.
    pub(super) fn write(&self, line_before: u64, out: &mut Vec<u8>) -> usize {
        write_number(self.line.wrapping_sub(line_before), out);
        let flags_at = out.len();
        let shares = if self.shares_with_earlier_chunk { SHARES } else { 0 };
        match self.kind {
            Kind::Json(bytes) => {
                out.push(JSON | shares);
                write_number(bytes.len() as u64, out);
                out.extend_from_slice(bytes);
            }
            Kind::TooLarge { limit } => {
                out.push(TOO_LARGE | shares);
                write_number(limit, out);
            }
            Kind::BadRow { cells, columns } => {
                out.push(BAD_ROW | shares);
                write_number(cells, out);
                write_number(columns, out);
            }
        }
        flags_at
    }
}

impl<'a> Entry<'a> {
    /// Takes one entry from the front of `bytes`.
    pub(super) fn read(line_before: u64, bytes: &mut &'a [u8]) -> Result<Self, Error> {
        let line = line_before.wrapping_add(read_number(bytes)?);
        let flags = take(bytes, 1)?[0];
        let kind = match flags & !SHARES {
            JSON => {
                let length = read_number(bytes)?;
                Kind::Json(take(bytes, usize::try_from(length).map_err(|_| Error::Framing)?)?)
            }
            TOO_LARGE => Kind::TooLarge { limit: read_number(bytes)? },
            BAD_ROW => Kind::BadRow { cells: read_number(bytes)?, columns: read_number(bytes)? },
            _ => return Err(Error::Framing),
        };
        Ok(Self { line, shares_with_earlier_chunk: flags & SHARES != 0, kind })
    }
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Result<&'a [u8], Error> {
    let (taken, rest) = bytes.split_at_checked(length).ok_or(Error::Framing)?;
    *bytes = rest;
    Ok(taken)
}

fn write_number(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn read_number(bytes: &mut &[u8]) -> Result<u64, Error> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)?[0];
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(number);
        }
    }
    Err(Error::Framing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_comes_back() {
        for number in [0, 1, 127, 128, 300, 1 << 20, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            write_number(number, &mut bytes);
            let mut rest = bytes.as_slice();
            assert_eq!(read_number(&mut rest).unwrap(), number);
            assert!(rest.is_empty());
        }
    }

    #[test]
    fn damaged_framing_is_an_error_and_no_panic() {
        let mut bytes = Vec::new();
        let entry = Entry { line: 3, shares_with_earlier_chunk: true, kind: Kind::Json(b"{}") };
        entry.write(0, &mut bytes);
        for cut in 0..bytes.len() {
            assert!(matches!(Entry::read(0, &mut &bytes[..cut]), Err(Error::Framing)));
        }
        assert!(matches!(Entry::read(0, &mut [0x80u8; 11].as_slice()), Err(Error::Framing)));
        assert!(matches!(Entry::read(0, &mut [1, 9].as_slice()), Err(Error::Framing)));
    }
}
