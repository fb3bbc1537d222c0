//! Where in a record the login ids stand, for whoever needs nothing else of it.
//!
//! Intake looks at every record for the order among chunks and leaves its faults to apply. So
//! nothing is told of them here: of JSON the same members are found as by reading it, of anything
//! else, and behind a value of more levels than any sound record has, perhaps some, or none.

use std::borrow::Cow;

use super::json;
use super::task::Identifier;

/// The strings that a record gives for login ids, decoded, in the order they stand.
pub(super) fn login_ids(record: &[u8]) -> impl Iterator<Item = (Identifier, Cow<'_, str>)> {
    json::glance(record).filter_map(|(name, value)| Some((identifier(name)?, decoded(value)?)))
}

/// Which login id a member is. Most names are none, and are not decoded to know it.
fn identifier(name: &[u8]) -> Option<Identifier> {
    if name.contains(&b'\\') {
        return Identifier::parse(&decoded(name)?);
    }
    let is_named = |which: &Identifier| name[1..name.len() - 1] == *which.as_str().as_bytes();
    Identifier::ALL.into_iter().find(is_named)
}

/// The characters of a string in its quotes; anything else has none.
fn decoded(spelled: &[u8]) -> Option<Cow<'_, str>> {
    let [b'"', inner @ .., b'"'] = spelled else { return None };
    if inner.contains(&b'\\') {
        serde_json::from_slice(spelled).ok().map(Cow::Owned)
    } else {
        std::str::from_utf8(inner).ok().map(Cow::Borrowed)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn glanced(record: &str) -> Vec<(Identifier, String)> {
        login_ids(record.as_bytes()).map(|(which, text)| (which, text.into_owned())).collect()
    }

    fn read(record: &str) -> Vec<(Identifier, String)> {
        let members = json::read(record.as_bytes()).unwrap().members;
        let strings =
            members.iter().filter(|member| json::kind(member.value) == json::Kind::String);
        strings
            .filter_map(|it| {
                Some((Identifier::parse(&it.name)?, json::text(it.value).into_owned()))
            })
            .collect()
    }

    #[test]
    fn login_ids_are_found_wherever_they_stand() {
        for record in [
            "{}",
            r#" { "email" : "a@example.com" , "phone_number":null,"external_id":"7"} "#,
            r#"{"address":{"email":"no","x":["}",{"email":"no"}]},"email":"yes"}"#,
            r#"{"name":"a \" b, \"email\":\"no\"","\u0065mail":"y\u0065s"}"#,
            r#"{"a":-1.5e3,"b":true,"email":"","preferred_username":"x\\"}"#,
            "{\"email\"\t:\r\n\"a\",\"email\":\"twice\"}",
        ] {
            assert_eq!(glanced(record), read(record), "{record}");
        }
    }

    #[test]
    fn what_is_no_object_has_none() {
        for record in ["", "[\"email\",\"a\"]", "\"email\"", "email", "{\"email\"", "{email:\"a\"}"]
        {
            assert_eq!(glanced(record), [], "{record}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_looked_at_safely(record in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = login_ids(&record).count();
        }

        #[test]
        fn json_in_pieces_is_looked_at_safely(record in r#"[\{\}\[\]",:\\ emailu0-9]{0,40}"#) {
            let found = glanced(&record);
            if json::read(record.as_bytes()).is_ok() {
                prop_assert_eq!(found, read(&record));
            }
        }
    }
}
