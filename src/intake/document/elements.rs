//! The elements of a JSON array that is known to be sound, one after another, as sent.
//!
//! A list of them would take as much again as the document, so they are found anew each time.

pub struct Elements<'a> {
    rest: &'a [u8],
}

impl<'a> Elements<'a> {
    /// Of the bytes from `[` to `]`.
    pub fn of(array: &'a [u8]) -> Self {
        Self { rest: array.strip_prefix(b"[").unwrap_or(array) }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let between = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',');
        let start = self.rest.iter().position(|byte| !between(byte))?;
        let rest = &self.rest[start..];
        if rest[0] == b']' {
            self.rest = &[];
            return None;
        }
        let (element, rest) = rest.split_at(end_of_value(rest));
        self.rest = rest;
        Some(element)
    }
}

/// Where the value at the front of sound JSON ends.
fn end_of_value(json: &[u8]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < json.len() {
        match json[at] {
            b'"' => at += end_of_string(&json[at..]) - 1,
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth > 0 => depth -= 1,
            // Behind a number or a word, and inside objects and arrays.
            b',' | b']' | b' ' | b'\t' | b'\r' | b'\n' => {
                if depth == 0 {
                    return at;
                }
                at += 1;
                continue;
            }
            _ => {
                at += 1;
                continue;
            }
        }
        at += 1;
        if depth == 0 {
            return at;
        }
    }
    json.len()
}

/// Where the string at the front ends, its quotes included.
fn end_of_string(json: &[u8]) -> usize {
    let mut at = 1;
    while at < json.len() && json[at] != b'"' {
        at += if json[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;

    #[test]
    fn they_are_those_that_serde_finds() {
        for array in [
            "[]",
            "[ ]",
            "[1]",
            " [ ]",
            "[{}]",
            r#"[1,2 , -3.5e9,true,null ,"a"]"#,
            r#"[{"a":[1,{"b":"]}"}]} ,{"c":"\"}\\"},[[],[1,2]], "x,y" ]"#,
            "[\n\t{\"a\" : 1 }\r\n,\n{}\n]",
            r#"["\\","\\\"",{"\"":"{"}]"#,
        ] {
            let array = array.trim_start();
            let expected: Vec<&RawValue> = serde_json::from_str(array).unwrap();
            let found: Vec<_> = Elements::of(array.as_bytes()).collect();
            let expected: Vec<_> = expected.iter().map(|value| value.get().as_bytes()).collect();
            assert_eq!(found, expected, "{array}");
        }
    }
}
