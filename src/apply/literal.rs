//! Values that a column cannot carry as they are, as text that Postgres reads.

use std::borrow::Cow;

use bytes::{BufMut, BytesMut};
use compact_str::CompactString;

use crate::import::user::Attributes;

/// The attributes as the text of one JSON object; none is NULL.
pub fn object(attributes: &Attributes) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut json = BytesMut::new();
    write_object(attributes, &mut json);
    Some(String::from_utf8(json.into()).expect("JSON that was read is UTF-8"))
}

/// Appends the members as the text of one JSON object.
pub fn write_object(members: &[(Cow<'static, str>, CompactString)], out: &mut BytesMut) {
    for (at, (name, value)) in members.iter().enumerate() {
        out.put_u8(if at == 0 { b'{' } else { b',' });
        match name {
            // The schema's own names need no escape.
            Cow::Borrowed(name) => {
                out.put_u8(b'"');
                out.put_slice(name.as_bytes());
                out.put_u8(b'"');
            }
            Cow::Owned(name) => {
                serde_json::to_writer((&mut *out).writer(), name).expect("a string is always JSON");
            }
        }
        out.put_u8(b':');
        out.put_slice(value.as_bytes());
    }
    out.put_u8(b'}');
}

/// A Postgres array literal, every element quoted.
pub fn array_literal(elements: &[String]) -> String {
    let mut literal = String::from("{");
    for (at, element) in elements.iter().enumerate() {
        literal.push_str(if at > 0 { ",\"" } else { "\"" });
        for c in element.chars() {
            if matches!(c, '"' | '\\') {
                literal.push('\\');
            }
            literal.push(c);
        }
        literal.push('"');
    }
    literal.push('}');
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_literal_quotes_what_postgres_would_read() {
        let elements = ["a,b", "say \"hi\"", "back\\slash", "NULL", "{}"].map(str::to_owned);
        assert_eq!(array_literal(&elements), r#"{"a,b","say \"hi\"","back\\slash","NULL","{}"}"#);
        assert_eq!(array_literal(&[]), "{}");
    }
}
