//! Values that a column array cannot carry as they are, as text that Postgres reads.

use crate::import::user::Attributes;

/// The attributes as the text of one JSON object; none is NULL.
pub fn object(attributes: &Attributes) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut json = String::from("{");
    for (at, (name, value)) in attributes.iter().enumerate() {
        if at > 0 {
            json.push(',');
        }
        json.push_str(&serde_json::to_string(name).expect("a string is always JSON"));
        json.push(':');
        json.push_str(value.get());
    }
    json.push('}');
    Some(json)
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
