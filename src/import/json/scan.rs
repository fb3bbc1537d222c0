//! Where the values of a JSON text begin and end (RFC 8259), in one pass and without a copy.
//!
//! Every record is read on its way to its outcome, and by `serde_json`'s visitors that took two
//! fifths of a skipped record's instructions. So what is sound is read here. Whatever is refused
//! here is read by `serde_json` again: it has the last word on what is JSON, and says where it
//! breaks off. `json::tests` hold the two against each other.

use std::ops::Range;

/// Levels below a value before `serde_json` has to read it: one bit each.
const LEVELS_MAX: u32 = u128::BITS;

/// Where a value stands.
pub(super) struct Token {
    pub place: Range<usize>,
    /// Of a string.
    pub has_escape: bool,
}

/// Each step leaves `at` behind what it took; `None` is no JSON, or too deep.
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Is there anything in the object or array that begins here?
    pub(super) fn opens(&mut self, opening: u8, closing: u8) -> Option<bool> {
        self.expect(opening)?;
        self.space();
        Some(!self.takes(closing))
    }

    /// Is there more behind the member or element that ends here?
    pub(super) fn goes_on(&mut self, closing: u8) -> Option<bool> {
        self.space();
        match self.next()? {
            b',' => {
                self.space();
                Some(true)
            }
            byte => (byte == closing).then_some(false),
        }
    }

    /// A member's name, and the colon behind it.
    pub(super) fn name(&mut self) -> Option<Token> {
        let name = self.string()?;
        self.space();
        self.expect(b':')?;
        self.space();
        Some(name)
    }

    pub(super) fn value(&mut self) -> Option<Token> {
        match self.peek()? {
            b'"' => self.string(),
            b'{' | b'[' => self.nested(),
            _ => self.scalar(),
        }
    }

    /// An object or array with all that lies in it, whatever its depth, on one frame.
    fn nested(&mut self) -> Option<Token> {
        let start = self.at;
        // The innermost level is the lowest bit, set for an object.
        let (mut levels, mut depth) = (0_u128, 0_u32);
        loop {
            match self.peek()? {
                open @ (b'{' | b'[') => {
                    if depth == LEVELS_MAX {
                        return None;
                    }
                    self.at += 1;
                    self.space();
                    let is_object = open == b'{';
                    if !self.takes(if is_object { b'}' } else { b']' }) {
                        levels = levels << 1 | u128::from(is_object);
                        depth += 1;
                        if is_object {
                            self.name()?;
                        }
                        continue;
                    }
                }
                b'"' => {
                    self.string()?;
                }
                _ => {
                    self.scalar()?;
                }
            }
            // A value has ended, and with it perhaps some that hold it.
            while depth > 0 {
                self.space();
                let is_object = levels & 1 == 1;
                match self.next()? {
                    b',' => {
                        self.space();
                        if is_object {
                            self.name()?;
                        }
                        break;
                    }
                    b'}' if is_object => {}
                    b']' if !is_object => {}
                    _ => return None,
                }
                levels >>= 1;
                depth -= 1;
            }
            if depth == 0 {
                return Some(self.token(start, false));
            }
        }
    }

    fn string(&mut self) -> Option<Token> {
        let start = self.at;
        self.expect(b'"')?;
        let mut has_escape = false;
        loop {
            self.at = plain(self.bytes, self.at);
            match self.next()? {
                b'"' => return Some(self.token(start, has_escape)),
                b'\\' => has_escape = true,
                // A raw control character.
                _ => return None,
            }
            match self.next()? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                b'u' => {
                    let digits = self.bytes.get(self.at..self.at + 4)?;
                    if !digits.iter().all(u8::is_ascii_hexdigit) {
                        return None;
                    }
                    self.at += 4;
                }
                _ => return None,
            }
        }
    }

    fn scalar(&mut self) -> Option<Token> {
        let start = self.at;
        match self.peek()? {
            b't' => self.literal("true")?,
            b'f' => self.literal("false")?,
            b'n' => self.literal("null")?,
            _ => self.number()?,
        }
        Some(self.token(start, false))
    }

    fn literal(&mut self, literal: &str) -> Option<()> {
        let is_here = self.bytes[self.at..].starts_with(literal.as_bytes());
        self.at += literal.len();
        is_here.then_some(())
    }

    fn number(&mut self) -> Option<()> {
        self.takes(b'-');
        // No digit may follow a leading zero, and none that follows would be a separator.
        if !self.takes(b'0') {
            self.digits()?;
        }
        if self.takes(b'.') {
            self.digits()?;
        }
        if self.takes(b'e') || self.takes(b'E') {
            let _ = self.takes(b'+') || self.takes(b'-');
            self.digits()?;
        }
        Some(())
    }

    /// One digit at least.
    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    pub(super) fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    pub(super) fn token(&self, start: usize, has_escape: bool) -> Token {
        Token { place: start..self.at, has_escape }
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn takes(&mut self, byte: u8) -> bool {
        let is_here = self.peek() == Some(byte);
        self.at += usize::from(is_here);
        is_here
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.takes(byte).then_some(())
    }
}

/// Where the characters of a string end that mean themselves: eight bytes at a time.
fn plain(bytes: &[u8], mut at: usize) -> usize {
    while let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let marks = marks(u64::from_le_bytes(*word));
        if marks != 0 {
            return at + marks.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let is_plain = |byte: &u8| !matches!(byte, b'"' | b'\\' | 0..0x20);
    while bytes.get(at).is_some_and(is_plain) {
        at += 1;
    }
    at
}

/// The highest bit of each byte that is a quote, a backslash or a control character. Only the
/// lowest mark is sure: a borrow may set one above it.
const fn marks(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const HIGHEST: u64 = ONES << 7;
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    (quote.wrapping_sub(ONES) & !quote
        | backslash.wrapping_sub(ONES) & !backslash
        | word.wrapping_sub(ONES * 0x20) & !word)
        & HIGHEST
}
