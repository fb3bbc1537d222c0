//! From decoded bytes to records, format by format, whatever the pieces they come in.
//!
//! A splitter is fed pieces and gives out entries, borrowed where it can. It holds one record at
//! most, and of a record beyond the limit nothing.

mod csv;
mod lines;

pub use csv::Csv;
pub use lines::Lines;

use crate::chunk::Entry;

/// Of a stream.
pub enum Splitter {
    Lines(Lines),
    Csv(Csv),
}

/// Why a stream cannot be split. A fault of one record is none: that becomes an entry.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{message}")]
    Broken { message: &'static str, line: u64 },
    #[error("{0} columns are unknown or stand twice")]
    Columns(usize),
}

impl Splitter {
    /// Takes bytes from the front of `piece`, up to the end of the next record. `None`: the piece
    /// is used up.
    pub fn next<'a, 'p: 'a>(
        &'a mut self,
        piece: &mut &'p [u8],
    ) -> Result<Option<Entry<'a>>, Error> {
        match self {
            Self::Lines(lines) => Ok(lines.next(piece)),
            Self::Csv(csv) => csv.next(piece),
        }
    }

    /// The record that the end of the stream ends, if there is one.
    pub fn end(&mut self) -> Result<Option<Entry<'_>>, Error> {
        match self {
            Self::Lines(lines) => Ok(lines.end()),
            Self::Csv(csv) => csv.end(),
        }
    }
}
