//! A body as a network hands it over: in pieces of any length.

pub struct Pieces<'a> {
    rest: &'a [u8],
    state: u64,
}

impl<'a> Pieces<'a> {
    /// The same pieces for the same seed.
    pub fn of(body: &'a [u8], seed: u64) -> Self {
        Self { rest: body, state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 }
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        // Xorshift; one piece in four is longer than the blocks that newlines are looked for in.
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        let longest = if self.state.is_multiple_of(4) { 96 } else { 9 };
        let length = 1 + (self.state >> 8) as usize % longest;
        let (piece, rest) = self.rest.split_at(length.min(self.rest.len()));
        self.rest = rest;
        Some(piece)
    }
}
