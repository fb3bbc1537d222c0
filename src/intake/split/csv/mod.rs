//! CSV (RFC 4180): a header line, then a record a row, each given out as a JSON object.
//!
//! A row may span lines; its line is the one it begins on. Quoting is strict, for behind a lost
//! quote nothing means what it says any more. A row of the wrong length is a fault of its own.

mod header;
mod object;
mod row;
#[cfg(test)]
mod tests;

use self::header::Header;
use self::row::{Row, Step};
use super::Error;
use crate::chunk::{Entry, Kind};

pub struct Csv {
    record_bytes_max: usize,
    header: Option<Header>,
    row: Row,
    /// The record that was given out last.
    json: Vec<u8>,
}

impl Csv {
    pub fn new(record_bytes_max: usize) -> Self {
        Self { record_bytes_max, header: None, row: Row::new(record_bytes_max), json: Vec::new() }
    }

    pub fn next<'a>(&'a mut self, piece: &mut &[u8]) -> Result<Option<Entry<'a>>, Error> {
        while let Some((byte, rest)) = piece.split_first() {
            *piece = rest;
            if self.row.step(*byte)? == Step::Ended && self.has_record()? {
                return Ok(Some(self.record()));
            }
        }
        Ok(None)
    }

    /// The last row, where no line's end follows it.
    pub fn end(&mut self) -> Result<Option<Entry<'_>>, Error> {
        if self.row.end()? == Step::Ended && self.has_record()? {
            return Ok(Some(self.record()));
        }
        Ok(None)
    }

    /// Is the row that has just ended a record? The first is the header, and an empty line is
    /// nothing.
    fn has_record(&mut self) -> Result<bool, Error> {
        if self.row.is_blank() {
            self.row.clear();
            return Ok(false);
        }
        if self.header.is_some() {
            return Ok(true);
        }
        if self.row.is_too_large() {
            return Err(Error::Broken {
                message: "the header is larger than a record may be",
                line: self.row.first_line(),
            });
        }
        let cells: Vec<&[u8]> = self.row.cells().collect();
        self.header = Some(Header::read(&cells)?);
        self.row.clear();
        Ok(false)
    }

    fn record(&mut self) -> Entry<'_> {
        let header = self.header.as_ref().expect("a row is a record only behind a header");
        let (line, cells, columns) =
            (self.row.first_line(), self.row.cell_count(), header.columns());
        self.json.clear();
        let fits = !self.row.is_too_large();
        if fits && cells == columns {
            let cells: Vec<&[u8]> = self.row.cells().collect();
            header.write(&cells, &mut self.json);
        }
        self.row.clear();
        let kind = if !fits || self.json.len() > self.record_bytes_max {
            Kind::TooLarge { limit: self.record_bytes_max as u64 }
        } else if cells != columns {
            Kind::BadRow { cells: cells as u64, columns: columns as u64 }
        } else {
            Kind::Json(&self.json)
        };
        Entry { line, shares_with_earlier_chunk: false, kind }
    }
}
