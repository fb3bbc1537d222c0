//! What a JSON file is: a list of records, or a whole request body with options of its own.
//!
//! Read byte by byte with flat memory, for the file may be large. It looks only as deep as it
//! must: whether the rest is JSON is for the server to say.

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub enum Document {
    /// `[...]`; the list begins at this byte.
    Records { at: u64 },
    /// `{...}`; its members that are short and no object or list, by name, as they are written.
    Request { at: u64, members: Vec<(String, String)>, is_empty: bool },
    /// Neither.
    Other,
}

/// Longer than any option and its value; a longer member is none.
const MEMBER_BYTES_MAX: usize = 64;

#[derive(Default)]
pub struct Scanner {
    offset: u64,
    begin: Option<(u8, u64)>,
    depth: u32,
    in_string: bool,
    escaped: bool,
    /// The member at hand, from its name to what follows it.
    member: Vec<u8>,
    is_plain: bool,
    members: Vec<(String, String)>,
    any: bool,
}

impl Scanner {
    /// True once nothing that follows can change what it is.
    pub fn feed(&mut self, bytes: &[u8]) -> bool {
        for &byte in bytes {
            match self.begin {
                None => self.before(byte),
                Some((b'{', _)) => self.within(byte),
                Some(_) => return true,
            }
            self.offset += 1;
        }
        self.begin.is_some_and(|(first, _)| first != b'{')
    }

    pub fn finish(mut self) -> Document {
        match self.begin {
            Some((b'[', at)) => Document::Records { at },
            Some((b'{', at)) => {
                self.end_member();
                Document::Request { at, members: self.members, is_empty: !self.any }
            }
            _ => Document::Other,
        }
    }

    /// White space and a byte order mark are passed over.
    fn before(&mut self, byte: u8) {
        if !byte.is_ascii_whitespace() && !matches!(byte, 0xef | 0xbb | 0xbf) {
            self.begin = Some((byte, self.offset));
            self.depth = 1;
            self.is_plain = true;
        }
    }

    fn within(&mut self, byte: u8) {
        if self.in_string {
            self.in_string = self.escaped || byte != b'"';
            self.escaped = !self.escaped && byte == b'\\';
            return self.keep(byte);
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => {
                self.depth += 1;
                self.is_plain &= self.depth != 2;
            }
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            b',' if self.depth == 1 => return self.end_member(),
            _ if byte.is_ascii_whitespace() => return,
            _ => {}
        }
        if self.depth == 1 || byte == b'"' {
            self.keep(byte);
        }
    }

    fn keep(&mut self, byte: u8) {
        self.any = true;
        if self.depth == 1 && self.is_plain {
            if self.member.len() < MEMBER_BYTES_MAX {
                self.member.push(byte);
            } else {
                self.is_plain = false;
            }
        }
    }

    fn end_member(&mut self) {
        let member = std::mem::take(&mut self.member);
        if std::mem::replace(&mut self.is_plain, true)
            && let Ok(text) = String::from_utf8(member)
            && let Some((name, value)) = text.trim_end_matches('}').split_once(':')
        {
            self.members.push((name.trim_matches('"').to_owned(), value.to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &str) -> Document {
        // One byte at a time: a piece may end anywhere.
        let mut scanner = Scanner::default();
        for byte in text.as_bytes() {
            scanner.feed(std::slice::from_ref(byte));
        }
        scanner.finish()
    }

    fn request(at: u64, members: &[(&str, &str)], is_empty: bool) -> Document {
        let members = members.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Document::Request { at, members: members.collect(), is_empty }
    }

    #[test]
    fn a_list_is_told_from_a_request() {
        assert_eq!(scan(" \n[{\"a\":1}]"), Document::Records { at: 2 });
        assert_eq!(scan("\u{feff}[]"), Document::Records { at: 3 });
        assert_eq!(scan("\"text\""), Document::Other);
        assert_eq!(scan(""), Document::Other);
        assert_eq!(scan("{}"), request(0, &[], true));
    }

    #[test]
    fn a_requests_own_options_are_found_wherever_they_stand() {
        let both = [("identifier", "\"email\""), ("upsert", "true")];
        assert_eq!(
            scan(r#"{"identifier": "email", "upsert": true, "records": [{"upsert": 1}]}"#),
            request(0, &both, false)
        );
        assert_eq!(
            scan(
                r#"{"records":[{"x":{"identifier":"no"}},{}],"identifier":"email","upsert":true}"#
            ),
            request(0, &both, false)
        );
        assert_eq!(
            scan(r#"{"records":["}],\"{", "\\"] , "upsert" : true }"#),
            request(0, &[("upsert", "true")], false)
        );
        assert_eq!(scan(r#"{"records":[]}"#), request(0, &[], false));
    }
}
