//! Where a chunked body ends (RFC 9112, section 7.1), without touching its bytes.
//!
//! Stricter than hyper, which decodes the same bytes after this: what is let through here, both
//! read alike, so that the next request begins where hyper thinks it does.

/// The body is not chunked as it says.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the body is not chunked as it should be")]
pub(super) struct Broken;

/// An extension or the trailers at most; nothing here means anything by them.
const LINE_BYTES_MAX: u32 = 4096;

#[derive(Debug, Default)]
pub(super) struct Chunked {
    state: State,
    /// Of a chunk's data, or what its size is so far.
    left: u64,
    /// Of digits, an extension or the trailers.
    line_bytes: u32,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Size,
    Extension,
    SizeEnd,
    Data,
    DataCr,
    DataLf,
    TrailerStart,
    Trailer,
    TrailerEnd,
    LastLf,
    Done,
}

impl Chunked {
    /// How many of the bytes belong to the body.
    pub fn take(&mut self, bytes: &[u8]) -> Result<usize, Broken> {
        let mut at = 0;
        while at < bytes.len() && self.state != State::Done {
            if self.state == State::Data {
                let data = self.left.min((bytes.len() - at) as u64);
                self.left -= data;
                at += data as usize;
                if self.left == 0 {
                    self.state = State::DataCr;
                }
            } else {
                self.state = self.step(bytes[at])?;
                at += 1;
            }
        }
        Ok(at)
    }

    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    fn step(&mut self, byte: u8) -> Result<State, Broken> {
        match (self.state, byte) {
            (State::Size, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => self.digit(byte),
            (State::Size, b';') if self.line_bytes > 0 => Ok(State::Extension),
            (State::Size, b'\r') if self.line_bytes > 0 => Ok(State::SizeEnd),
            (State::Extension, b'\r') => Ok(State::SizeEnd),
            (State::Extension, b'\t' | b' '..) => self.more(State::Extension),
            (State::SizeEnd, b'\n') => Ok(self.chunk()),
            (State::DataCr, b'\r') => Ok(State::DataLf),
            (State::DataLf, b'\n') => Ok(State::Size),
            (State::TrailerStart, b'\r') => Ok(State::LastLf),
            (State::Trailer, b'\r') => Ok(State::TrailerEnd),
            (State::TrailerStart | State::Trailer, b'\t' | b' '..) => self.more(State::Trailer),
            (State::TrailerEnd, b'\n') => Ok(State::TrailerStart),
            (State::LastLf, b'\n') => Ok(State::Done),
            _ => Err(Broken),
        }
    }

    fn digit(&mut self, byte: u8) -> Result<State, Broken> {
        // Fifteen digits: hyper refuses what could overflow, and nobody sends a petabyte.
        if self.line_bytes == 15 {
            return Err(Broken);
        }
        let digit = char::from(byte).to_digit(16).ok_or(Broken)?;
        self.left = self.left << 4 | u64::from(digit);
        self.line_bytes += 1;
        Ok(State::Size)
    }

    fn more(&mut self, state: State) -> Result<State, Broken> {
        self.line_bytes += 1;
        if self.line_bytes > LINE_BYTES_MAX { Err(Broken) } else { Ok(state) }
    }

    fn chunk(&mut self) -> State {
        self.line_bytes = 0;
        if self.left == 0 { State::TrailerStart } else { State::Data }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many bytes are the body's, taken `step` at a time.
    fn end(bytes: &[u8], step: usize) -> Result<Option<usize>, Broken> {
        let mut chunked = Chunked::default();
        let mut at = 0;
        for part in bytes.chunks(step) {
            at += chunked.take(part)?;
            if chunked.is_done() {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    #[test]
    fn the_end_is_found_however_the_bytes_are_cut() {
        for body in [
            "0\r\n\r\n",
            "5\r\nhello\r\n0\r\n\r\n",
            "05;ext=\"a b\"\r\nhel\r\n\r\n0;x\r\n\r\n",
            "A\r\n0123456789\r\n000\r\nTrailer: x\r\nOther: y\r\n\r\n",
        ] {
            let whole = format!("{body}GET / HTTP/1.1\r\n");
            for step in 1..whole.len() {
                assert_eq!(end(whole.as_bytes(), step), Ok(Some(body.len())), "{body:?} {step}");
            }
            assert_eq!(end(&whole.as_bytes()[..body.len() - 1], 3), Ok(None));
        }
    }

    #[test]
    fn what_is_not_chunked_is_refused() {
        let long = format!("5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(5000));
        for body in [
            "hello",
            "\r\n",
            ";x\r\n",
            "-1\r\n",
            "0x5\r\nhello\r\n",
            "5 \r\nhello\r\n",
            "5\nhello\r\n0\r\n\r\n",
            "5\r\nhello!\r\n",
            "5\r\nhello\n0\r\n\r\n",
            "0\r\n\n",
            "0\n\r\n",
            "0\r\nA: b\n\r\n",
            "5;\n\r\nhello\r\n",
            "1234567890abcdef\r\n",
            &long,
        ] {
            assert_eq!(end(body.as_bytes(), 7), Err(Broken), "{body:?}");
        }
    }
}
