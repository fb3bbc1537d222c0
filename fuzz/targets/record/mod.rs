//! Records as a careless or hostile client spells them, with a secret at and below `password` and
//! `mfa`: where it belongs, and wherever else one could be pasted.

use std::fmt;

use arbitrary::{Result, Unstructured};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// No time, type, address or number, whatever stands before and behind it here.
pub const CANARY: &str = "hunterKanarie";
pub const CANARY_NUMBER: &str = "70219370219";

const DEPTH_MAX: usize = 5;

/// Names of a record, the secret ones often.
const TOP: &[&str] = &[
    "password",
    "mfa",
    "password",
    "mfa",
    "email",
    "name",
    "roles",
    "custom_attributes",
    "phone_number",
    "passwords",
    "Password",
    "mfa ",
    "unknown",
    "address",
    "",
];

const BELOW: &[&str] = &[
    "password_hash",
    "type",
    "expire_after",
    "password",
    "totp",
    "secret",
    "email",
    "phone_number",
    "mfa",
    CANARY,
    "Type",
    "",
];

/// Beside the canary in one string. No `@`, which would make an address of it.
const AROUND: &[&str] = &[
    "",
    " ",
    "bcrypt",
    "$2a$10$",
    "2030-01-01T00:00:00Z",
    "2030-01-01T00:00:00.",
    "+85298765432",
    "+852",
    ";ext=",
    "\"",
    "\\",
    "\n",
    "\0",
    "\u{1f600}",
    "\u{e9}",
    "\u{2028}",
    "[",
    "}",
    "<",
];

/// What may be shown below secrets, and what may not but is none.
const PLAIN: &[&str] = &[
    "bcrypt",
    "2030-01-01T00:00:00+08:00",
    "a@b.c",
    "+85298765432",
    "",
    "JBSWY3DP",
    "REDACTED",
    "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
    "\u{e9}",
    "a\nb",
    "\u{0}",
];

const LITERALS: &[&str] = &["null", "true", "false", "0", "-0.50E+3", "1e999", "[]", "{}", "1.50"];

const BETWEEN: &[&str] = &["", " ", "\n", "\r\n", "\t"];

pub fn write(input: &mut Unstructured<'_>) -> Result<String> {
    let mut writer = Writer { input, out: String::new() };
    writer.record()?;
    Ok(writer.out)
}

struct Writer<'i, 'b> {
    input: &'i mut Unstructured<'b>,
    out: String,
}

impl Writer<'_, '_> {
    fn record(&mut self) -> Result<()> {
        self.between()?;
        self.out.push('{');
        for place in 0..self.input.int_in_range(0..=7)? {
            self.comma(place)?;
            let name = *self.input.choose(TOP)?;
            self.name(name)?;
            let is_secret = matches!(name, "password" | "mfa");
            if is_secret && self.input.ratio(5_u8, 6)? {
                self.object(true, 1)?;
            } else {
                self.value(is_secret, 1)?;
            }
        }
        self.out.push('}');
        self.between()
    }

    fn value(&mut self, is_secret: bool, depth: usize) -> Result<()> {
        match self.input.int_in_range(0..=11_u8)? {
            0..=2 if is_secret => self.canary(),
            3 if is_secret => {
                self.out.push_str(CANARY_NUMBER);
                Ok(())
            }
            4..=6 if depth < DEPTH_MAX => self.object(is_secret, depth + 1),
            7 if depth < DEPTH_MAX => self.array(is_secret, depth + 1),
            8 => {
                let literal = *self.input.choose(LITERALS)?;
                self.out.push_str(literal);
                Ok(())
            }
            _ => {
                let text = *self.input.choose(PLAIN)?;
                self.string(text)
            }
        }
    }

    fn object(&mut self, is_secret: bool, depth: usize) -> Result<()> {
        self.out.push('{');
        for place in 0..self.input.int_in_range(0..=5)? {
            self.comma(place)?;
            let names = if is_secret { BELOW } else { &TOP[2..] };
            let name = *self.input.choose(names)?;
            self.name(name)?;
            self.value(is_secret, depth)?;
        }
        self.between()?;
        self.out.push('}');
        Ok(())
    }

    fn array(&mut self, is_secret: bool, depth: usize) -> Result<()> {
        self.out.push('[');
        for place in 0..self.input.int_in_range(0..=3)? {
            self.comma(place)?;
            self.value(is_secret, depth)?;
        }
        self.out.push(']');
        Ok(())
    }

    fn canary(&mut self) -> Result<()> {
        let (before, behind) = (*self.input.choose(AROUND)?, *self.input.choose(AROUND)?);
        self.string(&format!("{before}{CANARY}{behind}"))
    }

    fn name(&mut self, name: &str) -> Result<()> {
        self.between()?;
        self.string(name)?;
        self.between()?;
        self.out.push(':');
        self.between()
    }

    /// A string with whichever escapes.
    fn string(&mut self, text: &str) -> Result<()> {
        self.out.push('"');
        let escapes: u8 = self.input.arbitrary()?;
        for (place, char) in text.chars().enumerate() {
            let is_escaped = escapes >> (place % 8) & 1 == 1 && escapes & 1 == 1;
            if is_escaped || char < ' ' {
                let mut units = [0; 2];
                for unit in char.encode_utf16(&mut units) {
                    let escape = if place % 2 == 0 {
                        format!("\\u{unit:04x}")
                    } else {
                        format!("\\u{unit:04X}")
                    };
                    self.out.push_str(&escape);
                }
            } else if matches!(char, '"' | '\\') {
                self.out.push('\\');
                self.out.push(char);
            } else {
                self.out.push(char);
            }
        }
        // Half a pair is JSON by its grammar and no text.
        if escapes == 0xff {
            self.out.push_str("\\ud800");
        }
        self.out.push('"');
        Ok(())
    }

    fn comma(&mut self, place: i32) -> Result<()> {
        if place > 0 {
            self.between()?;
            self.out.push(',');
        }
        Ok(())
    }

    fn between(&mut self) -> Result<()> {
        let between = *self.input.choose(BETWEEN)?;
        self.out.push_str(between);
        Ok(())
    }
}

/// ASCII that is escaped, in plain text.
pub fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\\u00") {
        out.push_str(&rest[..at]);
        rest = &rest[at + 4..];
        let byte = rest.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(byte) = byte.filter(u8::is_ascii) {
            out.push(char::from(byte));
            rest = &rest[2..];
        }
    }
    out + rest
}

/// The members of an object as sent, each with its decoded name.
pub fn members(json: &[u8]) -> Vec<(String, &RawValue)> {
    struct Members<'a>(Vec<(String, &'a RawValue)>);
    struct Object;
    impl<'de> Visitor<'de> for Object {
        type Value = Members<'de>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(
            self,
            mut map: A,
        ) -> std::result::Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(Members(members))
        }
    }
    impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
        fn deserialize<D: Deserializer<'de>>(
            deserializer: D,
        ) -> std::result::Result<Self, D::Error> {
            deserializer.deserialize_map(Object)
        }
    }
    let read: Members<'_> = serde_json::from_slice(json).expect("what has an echo is an object");
    read.0
}
