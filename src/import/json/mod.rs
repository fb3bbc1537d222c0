//! JSON as it was sent: borrowed, level by level, nothing converted.
//!
//! A record is read into its members, each a decoded name and the bytes of its value; deeper
//! levels are read only where a rule asks for them. So numbers and strings keep their spelling,
//! a doubled name is seen, and hostile depth costs no stack. No text of serde's leaves this file:
//! such texts quote what was sent.

mod scan;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;

pub(super) use scan::plain;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// One value, as it was spelled.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raw<'a> {
    spelled: &'a str,
    /// Of a string: whether its characters are others than those that spell it.
    has_escape: bool,
}

impl<'a> Raw<'a> {
    fn new(value: &'a RawValue) -> Self {
        let spelled = value.get();
        Self { spelled, has_escape: kind_of(spelled) == Kind::String && spelled.contains('\\') }
    }

    pub const fn get(self) -> &'a str {
        self.spelled
    }
}

/// One member of an object.
#[derive(Debug)]
pub(super) struct Member<'a> {
    pub name: Cow<'a, str>,
    /// The name as it was spelled, in its quotes.
    pub spelled: Raw<'a>,
    pub value: Raw<'a>,
    /// Those of its value, once somebody has asked.
    members: OnceCell<Vec<Member<'a>>>,
}

impl<'a> Member<'a> {
    /// Its name is what spells it; [`decode_names`] mends the others.
    fn new(spelled: Raw<'a>, value: Raw<'a>) -> Self {
        let quoted = spelled.get();
        let name = Cow::Borrowed(&quoted[1..quoted.len() - 1]);
        Self { name, spelled, value, members: OnceCell::new() }
    }

    /// The same where the value is an object whose members were read with it.
    fn object(spelled: Raw<'a>, value: Raw<'a>, members: Vec<Member<'a>>) -> Self {
        Self { members: members.into(), ..Self::new(spelled, value) }
    }

    /// The members of its value, which is an object. Read once, however many rules ask.
    pub fn members(&self) -> &[Member<'a>] {
        self.members.get_or_init(|| members(self.value))
    }
}

/// A text that is one object.
#[derive(Debug)]
pub(super) struct Object<'a> {
    pub text: &'a str,
    pub members: Vec<Member<'a>>,
}

/// Where JSON breaks off, both counted from 1, the column in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub line: usize,
    pub column: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Boolean,
    Number,
    String,
    Array,
    Object,
}

impl Kind {
    /// As JSON Schema names it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

/// The members of the one object that these bytes must be.
///
/// A lone surrogate (`"\ud800"`) is JSON by its grammar but no text (RFC 8259, section 8.2); it is
/// refused here, because an echo that holds one could not be read by most JSON libraries.
pub(super) fn read(json: &[u8]) -> Result<Object<'_>, Position> {
    let text = std::str::from_utf8(json).map_err(|error| position(json, error.valid_up_to()))?;
    let mut members = match scan::members(text) {
        Some(members) => members,
        None => read_again(text)?,
    };
    if memchr::memchr(b'\\', json).is_some() {
        if let Some(offset) = lone_surrogate(json) {
            return Err(position(json, offset));
        }
        decode_names(&mut members);
    }
    Ok(Object { text, members })
}

/// By `serde_json`, which says where it is none.
fn read_again(text: &str) -> Result<Vec<Member<'_>>, Position> {
    let start = text.len() - text.trim_start_matches([' ', '\t', '\r', '\n']).len();
    if !text[start..].starts_with('{') {
        return Err(position(text.as_bytes(), start));
    }
    let mut spelled = serde_json::Deserializer::from_str(text);
    let members =
        Spelled::deserialize(&mut spelled).and_then(|members| spelled.end().map(|()| members));
    match members {
        Ok(Spelled(members)) => Ok(members),
        Err(error) => Err(Position { line: error.line(), column: error.column().max(1) }),
    }
}

pub(super) fn kind(value: Raw<'_>) -> Kind {
    kind_of(value.spelled)
}

fn kind_of(spelled: &str) -> Kind {
    match spelled.as_bytes().first() {
        Some(b'n') => Kind::Null,
        Some(b't' | b'f') => Kind::Boolean,
        Some(b'"') => Kind::String,
        Some(b'[') => Kind::Array,
        Some(b'{') => Kind::Object,
        _ => Kind::Number,
    }
}

/// The characters of a string that [`read`] has let through.
pub(super) fn text(string: Raw<'_>) -> Cow<'_, str> {
    let Raw { spelled, has_escape } = string;
    if has_escape {
        Cow::Owned(serde_json::from_str(spelled).expect("a string of a record that was read"))
    } else {
        Cow::Borrowed(&spelled[1..spelled.len() - 1])
    }
}

/// The members of an object that [`read`] has let through.
pub(super) fn members(object: Raw<'_>) -> Vec<Member<'_>> {
    let mut members = scan::members(object.spelled).unwrap_or_else(|| {
        let Spelled(members) =
            serde_json::from_str(object.spelled).expect("an object of a record that was read");
        members
    });
    if memchr::memchr(b'\\', object.spelled.as_bytes()).is_some() {
        decode_names(&mut members);
    }
    members
}

/// The elements of an array that [`read`] has let through.
pub(super) fn elements(array: Raw<'_>) -> Vec<Raw<'_>> {
    scan::elements(array.spelled).unwrap_or_else(|| {
        let elements: Vec<&RawValue> =
            serde_json::from_str(array.spelled).expect("an array of a record that was read");
        elements.into_iter().map(Raw::new).collect()
    })
}

/// Names without an escape are what they spell; the others are decoded here, once it is sure that
/// they can be.
fn decode_names(members: &mut [Member<'_>]) {
    for member in members.iter_mut().filter(|member| member.spelled.has_escape) {
        member.name = text(member.spelled);
    }
    for member in members {
        if let Some(members) = member.members.get_mut() {
            decode_names(members);
        }
    }
}

fn position(json: &[u8], offset: usize) -> Position {
    let before = &json[..offset];
    let line_start =
        before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    Position { line: before.split(|byte| *byte == b'\n').count(), column: offset - line_start + 1 }
}

/// The offset of an escaped surrogate without its other half. The bytes are JSON.
fn lone_surrogate(json: &[u8]) -> Option<usize> {
    let mut at = 0;
    while at < json.len() {
        at += match (json[at], unit(json, at)) {
            (b'\\', Some(0xD800..=0xDBFF)) => match unit(json, at + 6) {
                Some(0xDC00..=0xDFFF) => 12,
                _ => return Some(at),
            },
            (b'\\', Some(0xDC00..=0xDFFF)) => return Some(at),
            (b'\\', _) => 2,
            _ => 1,
        };
    }
    None
}

/// The UTF-16 code unit that is escaped at this offset, if one is.
fn unit(json: &[u8], at: usize) -> Option<u16> {
    let digits = json.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// The members of an object, names as they are spelled. serde's own maps would drop a doubled one.
struct Spelled<'a>(Vec<Member<'a>>);

impl<'de> Deserialize<'de> for Spelled<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Spelled<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                    members.push(Member::new(Raw::new(name), Raw::new(value)));
                }
                Ok(Spelled(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn broken_at(json: &[u8]) -> (usize, usize) {
        let position = read(json).expect_err("no object");
        (position.line, position.column)
    }

    #[test]
    fn members_keep_their_order_and_their_spelling() {
        let Object { members, .. } =
            read(br#" {"a": 1.50, "\u0061" : [1, {"b":2}] ,"c":"\u00e9" } "#).unwrap();
        let spelled: Vec<_> =
            members.iter().map(|m| (&*m.name, m.spelled.get(), m.value.get())).collect();
        assert_eq!(
            spelled,
            [
                ("a", r#""a""#, "1.50"),
                ("a", r#""\u0061""#, r#"[1, {"b":2}]"#),
                ("c", r#""c""#, r#""\u00e9""#)
            ]
        );
    }

    #[test]
    fn what_is_no_object_is_refused_where_it_breaks() {
        assert_eq!(broken_at(b""), (1, 1));
        assert_eq!(broken_at(b"  42"), (1, 3));
        assert_eq!(broken_at(b"[]"), (1, 1));
        assert_eq!(broken_at(b"null"), (1, 1));
        assert_eq!(broken_at(b"{\"a\":1} x"), (1, 9));
        assert_eq!(broken_at(b"{\"a\" 1}"), (1, 6));
        assert_eq!(broken_at(b"{\"a\":1,}"), (1, 8));
        assert_eq!(broken_at(b"{\"a\":\n01}"), (2, 2));
        assert_eq!(broken_at(b"{\"a\":\"\xff\"}"), (1, 7));
        assert_eq!(broken_at(b"\xef\xbb\xbf{}"), (1, 1));
        assert_eq!(broken_at(b"{\"a\":\"x\x00\"}").0, 1);
        assert_eq!(broken_at(b"{1:2}").0, 1);
    }

    #[test]
    fn lone_surrogates_are_refused_and_pairs_are_not() {
        for lone in
            [r#"{"a":"\ud800"}"#, r#"{"a":"\udc00"}"#, r#"{"a":"\ud800\u0041"}"#, r#"{"\ud83d":1}"#]
        {
            assert!(read(lone.as_bytes()).is_err(), "{lone}");
        }
        for sound in [r#"{"a":"\ud83d\ude00"}"#, r#"{"a":"\\ud800"}"#, r#"{"a":"\uD83D\uDE00\\"}"#]
        {
            assert!(read(sound.as_bytes()).is_ok(), "{sound}");
        }
        assert_eq!(broken_at(br#"{"a":["x","\ud800"]}"#), (1, 12));
    }

    #[test]
    fn hostile_depth_costs_no_stack() {
        let depth = 400_000;
        let json = format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(read(json.as_bytes()).unwrap().members.len(), 1);
    }

    #[test]
    fn levels_beyond_the_scanners_are_read_all_the_same() {
        for depth in [100, 127, 128, 129, 200] {
            let array = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
            let json = format!("{{\"a\":{array},\"b\":{{}}}}");
            let Object { members, .. } = read(json.as_bytes()).unwrap();
            assert_eq!((members[0].value.get(), members[1].value.get()), (&*array, "{}"));
            let elements = elements(members[0].value);
            assert_eq!(elements[0].get(), &array[1..array.len() - 1]);
            assert!(read(&json.as_bytes()[..json.len() - 1]).is_err());
        }
    }

    /// Name and value as they are spelled, and whether either is escaped.
    type Plain = (String, String, bool, bool);

    /// What the scanner and `serde_json` make of a text, in one form.
    fn both(text: &str) -> [Option<Vec<Plain>>; 2] {
        let members = |members: Vec<Member<'_>>| {
            let plain = |member: &Member<'_>| {
                let Member { spelled, value, .. } = member;
                let (name, text) = (spelled.get().to_owned(), value.get().to_owned());
                (name, text, spelled.has_escape, value.has_escape)
            };
            members.iter().map(plain).collect()
        };
        [scan::members(text).map(members), read_again(text).ok().map(members)]
    }

    fn value() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,2})?([eE][+-]?[0-9]{1,2})?",
            r#""([a-zé😀 ]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4}){0,20}""#,
            Just("true".to_owned()),
            Just("false".to_owned()),
            Just("null".to_owned()),
        ];
        leaf.prop_recursive(4, 32, 4, |value| {
            let space = "[ \t\r\n]{0,2}";
            let name = r#""[a-z\\\\]{0,2}""#
                .prop_filter("sound", |name| serde_json::from_str::<String>(name).is_ok());
            let member = (space, name, space, value.clone())
                .prop_map(|(a, name, b, value)| format!("{a}{name}{b}:{a}{value}{b}"));
            prop_oneof![
                prop::collection::vec((value, space), 0..4).prop_map(|elements| {
                    let spaced: Vec<_> =
                        elements.iter().map(|(v, s)| format!("{s}{v}{s}")).collect();
                    format!("[{}]", spaced.join(","))
                }),
                prop::collection::vec(member, 0..4)
                    .prop_map(|all| format!("{{{}}}", all.join(","))),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn sound_json_is_read_as_serde_reads_it(value in value()) {
            let [scanned, read] = both(&format!("{{\"a\":{value}}}"));
            prop_assert!(scanned.is_some());
            prop_assert_eq!(scanned, read);
        }

        #[test]
        fn broken_json_is_refused_as_serde_refuses_it(
            value in value(),
            at in any::<prop::sample::Index>(),
            removed in 0_usize..3,
            put in prop::sample::select(vec![
                "", "\"", "\\", "\\u", "\\x", "{", "}", "[", "]", ",", ":", "-", "+", ".", "0", "1", "e", "t", " ", "\n", "\u{1}",
                "\u{1f}", "\u{7f}", "\u{85}", "é",
            ]),
        ) {
            let sound = format!("{{\"a\":{value}}}");
            let mut chars: Vec<char> = sound.chars().collect();
            let at = at.index(chars.len());
            let end = (at + removed).min(chars.len());
            chars.splice(at..end, put.chars());
            let text: String = chars.into_iter().collect();
            let [scanned, read] = both(&text);
            prop_assert_eq!(scanned, read, "{}", text);
        }

        #[test]
        fn pieces_of_json_are_read_as_serde_reads_them(text in r#"[\{\}\[\]",:\\ \-+.0-9eEutrlfasn\t\x01é]{0,40}"#) {
            for text in [&text, &format!("{{\"a\":{text}}}"), &format!("{{\"{text}\":1}}")] {
                let [scanned, read] = both(text);
                prop_assert_eq!(scanned, read, "{}", text);
            }
        }
    }
}
