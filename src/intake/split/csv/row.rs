//! The cells of one row, byte by byte.

use super::Error;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Inside,
    /// The row is whole; it is to be cleared before the next byte.
    Ended,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    CellStart,
    Plain,
    Quoted,
    /// Behind a quote within quotes: the end of the cell, or half of a quote that is meant.
    Quote,
    /// Behind a quoted cell and a carriage return.
    QuoteReturn,
}

pub(super) struct Row {
    bytes_max: usize,
    state: State,
    /// The cells without their quotes, one behind the other.
    text: Vec<u8>,
    /// Where each whole cell ends.
    ends: Vec<usize>,
    /// As sent, quotes and all.
    bytes: usize,
    has_quotes: bool,
    /// The line that the next byte stands on, from 1.
    line: u64,
    first_line: u64,
    quote_line: u64,
}

impl Row {
    pub fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            state: State::CellStart,
            text: Vec::new(),
            ends: Vec::new(),
            bytes: 0,
            has_quotes: false,
            line: 1,
            first_line: 1,
            quote_line: 1,
        }
    }

    pub fn step(&mut self, byte: u8) -> Result<Step, Error> {
        self.bytes += 1;
        self.line += u64::from(byte == b'\n');
        match (self.state, byte) {
            (State::CellStart, b'"') => {
                self.state = State::Quoted;
                self.has_quotes = true;
                self.quote_line = self.line;
            }
            (State::Plain, b'"') => {
                return Err(self.broken("a quote stands in a cell that is not quoted"));
            }
            (State::CellStart | State::Plain | State::Quote, b',') => self.end_cell(),
            (State::Quoted, b'\n') => self.keep(byte),
            (_, b'\n') => return Ok(self.end_row()),
            (State::Quoted, b'"') => self.state = State::Quote,
            (State::Quote, b'"') => {
                self.state = State::Quoted;
                self.keep(b'"');
            }
            (State::Quote, b'\r') => self.state = State::QuoteReturn,
            (State::Quote | State::QuoteReturn, _) => {
                return Err(self.broken("something stands behind a closing quote"));
            }
            (State::Quoted, _) => self.keep(byte),
            (State::CellStart | State::Plain, _) => {
                self.state = State::Plain;
                self.keep(byte);
                self.pass_over_mark();
            }
        }
        Ok(Step::Inside)
    }

    /// The end of the file: what is there is a row.
    pub fn end(&mut self) -> Result<Step, Error> {
        match self.state {
            State::Quoted => Err(self.broken("a quote is not closed")),
            _ if self.bytes == 0 => Ok(Step::Inside),
            _ => Ok(self.end_row()),
        }
    }

    /// The line that the row began on.
    pub fn first_line(&self) -> u64 {
        self.first_line
    }

    pub fn cell_count(&self) -> usize {
        self.ends.len()
    }

    pub fn is_blank(&self) -> bool {
        self.ends.len() == 1 && self.text.is_empty() && !self.has_quotes && !self.is_too_large()
    }

    pub fn is_too_large(&self) -> bool {
        self.bytes > self.bytes_max
    }

    pub fn cells(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.text[start..*end])
    }

    pub fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.bytes = 0;
        self.has_quotes = false;
        self.first_line = self.line;
    }

    fn cell(&self) -> &[u8] {
        &self.text[self.ends.last().copied().unwrap_or(0)..]
    }

    fn keep(&mut self, byte: u8) {
        // Of a row that is too large nothing more is held; its end is looked for all the same.
        if !self.is_too_large() {
            self.text.push(byte);
        }
    }

    /// The file's byte order mark; a quoted cell may follow it.
    fn pass_over_mark(&mut self) {
        let is_at_start = self.line == 1 && self.bytes == BYTE_ORDER_MARK.len();
        if is_at_start && self.text == BYTE_ORDER_MARK {
            self.text.clear();
            self.state = State::CellStart;
        }
    }

    fn end_cell(&mut self) {
        self.state = State::CellStart;
        if !self.is_too_large() {
            self.ends.push(self.text.len());
        }
    }

    fn end_row(&mut self) -> Step {
        if self.state == State::Plain && self.cell().last() == Some(&b'\r') {
            self.text.pop();
        }
        self.end_cell();
        Step::Ended
    }

    /// Behind a quote that is lost, the line it stood on says where to look.
    fn broken(&self, message: &'static str) -> Error {
        let line = match self.state {
            State::Plain | State::CellStart => self.line,
            _ => self.quote_line,
        };
        Error::Broken { message, line }
    }
}
