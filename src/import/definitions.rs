//! What a project says its custom attributes must be: a JSON Schema for each, by name.
//!
//! Compiled once, when the settings are read. Patterns run in linear time, and no schema is
//! fetched from anywhere, so that neither a record nor a setting can stall a worker.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jsonschema::{PatternOptions, Validator};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::causes::{At, Causes};
use super::json::{self, Kind, Raw};

/// None, where the project has none: then anything goes.
#[derive(Clone, Default, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub struct Definitions(Option<Arc<Compiled>>);

struct Compiled {
    source: Map<String, Value>,
    validators: BTreeMap<String, Validator>,
}

/// A definition that is no JSON Schema, or refers to one that stands elsewhere.
#[derive(Debug, thiserror::Error)]
#[error(
    "the definition of custom attribute {name:?} is not a JSON Schema that can be used: {reason}"
)]
pub struct Broken {
    pub name: String,
    pub reason: String,
}

impl Definitions {
    pub fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// Adds a cause for each place where a value breaks its definition. Null removes an
    /// attribute, so it needs only a definition.
    pub(super) fn check(&self, name: &str, raw: Raw<'_>, at: &At<'_>, causes: &mut Causes) {
        let Some(compiled) = &self.0 else {
            return;
        };
        let Some(validator) = compiled.validators.get(name) else {
            return causes.unknown(at);
        };
        if json::kind(raw) == Kind::Null {
            return;
        }
        // JSON that is no value: a number beyond a double, or a depth that is a cause already.
        let Ok(value) = serde_json::from_str::<Value>(raw.get()) else {
            return causes.push(at, "format", Value::Null);
        };
        for error in validator.iter_errors(&value) {
            let kind = KEYWORDS.into_iter().find(|keyword| *keyword == error.kind().keyword());
            causes.push_below(at, error.instance_path().as_str(), kind.unwrap_or("schema"));
        }
    }
}

/// The keywords that a cause names; of others it says no more than that the schema is broken.
const KEYWORDS: [&str; 27] = [
    "additionalItems",
    "additionalProperties",
    "anyOf",
    "const",
    "contains",
    "dependentRequired",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "propertyNames",
    "required",
    "type",
];

impl TryFrom<Map<String, Value>> for Definitions {
    type Error = Broken;

    fn try_from(source: Map<String, Value>) -> Result<Self, Broken> {
        if source.is_empty() {
            return Ok(Self::default());
        }
        let compile = |(name, schema): (&String, &Value)| match compile(schema) {
            Ok(validator) => Ok((name.clone(), validator)),
            Err(reason) => Err(Broken { name: name.clone(), reason }),
        };
        let validators = source.iter().map(compile).collect::<Result<_, _>>()?;
        Ok(Self(Some(Arc::new(Compiled { source, validators }))))
    }
}

fn compile(schema: &Value) -> Result<Validator, String> {
    let options = jsonschema::options()
        .with_pattern_options(PatternOptions::regex())
        .should_validate_formats(true);
    options.build(schema).map_err(|error| error.to_string())
}

impl Serialize for Definitions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(compiled) => compiled.source.serialize(serializer),
            None => Map::new().serialize(serializer),
        }
    }
}

impl PartialEq for Definitions {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_ref().map(|compiled| &compiled.source)
            == other.0.as_ref().map(|compiled| &compiled.source)
    }
}

impl Eq for Definitions {}

impl fmt::Debug for Definitions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().flat_map(|compiled| compiled.source.keys());
        f.debug_list().entries(names).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::import::parse::parse;
    use crate::import::settings::Settings;
    use crate::import::task::Identifier;

    fn settings(definitions: &Value) -> Result<Settings, String> {
        let settings = json!({ "custom_attributes": definitions });
        serde_json::from_value(settings).map_err(|error| error.to_string())
    }

    fn causes(settings: &Settings, attributes: &str) -> Value {
        let record = format!(r#"{{"email":"a@b.c","custom_attributes":{attributes}}}"#);
        match parse(record.as_bytes(), Identifier::Email, settings).record {
            Ok(_) => Value::Null,
            Err(faults) => faults[0].info["causes"].clone(),
        }
    }

    #[test]
    fn values_follow_the_definitions_of_the_project() {
        let settings = settings(&json!({
            "member_id": { "type": "string", "pattern": "^[0-9]+$", "maxLength": 4 },
            "tags": { "type": "array", "items": { "type": "string" } },
            "site": { "type": "string", "format": "uri" },
        }))
        .expect("sound definitions");
        for (attributes, expected) in [
            (r#"{"member_id":"1","tags":["a"],"site":"https://a.b/"}"#, json!(null)),
            (r#"{"member_id":null}"#, json!(null)),
            ("{}", json!(null)),
            (
                r#"{"member_id":1}"#,
                json!([{ "location": "/custom_attributes/member_id", "kind": "type" }]),
            ),
            (
                r#"{"tags":["a",1]}"#,
                json!([{ "location": "/custom_attributes/tags/1", "kind": "type" }]),
            ),
            (
                r#"{"tags":1e999}"#,
                json!([{ "location": "/custom_attributes/tags", "kind": "format" }]),
            ),
            (
                r#"{"site":"x"}"#,
                json!([{ "location": "/custom_attributes/site", "kind": "format" }]),
            ),
            (
                r#"{"member_id":"hunter2"}"#,
                json!([
                    { "location": "/custom_attributes/member_id", "kind": "maxLength" },
                    { "location": "/custom_attributes/member_id", "kind": "pattern" },
                ]),
            ),
            (
                r#"{"other":1}"#,
                json!([{ "location": "/custom_attributes/other", "kind": "additionalProperties" }]),
            ),
            (
                r#"{"other":null}"#,
                json!([{ "location": "/custom_attributes/other", "kind": "additionalProperties" }]),
            ),
        ] {
            assert_eq!(causes(&settings, attributes), expected, "{attributes}");
        }
        let again = serde_json::to_string(&settings).expect("settings are JSON");
        assert_eq!(serde_json::from_str::<Settings>(&again).expect("as written"), settings);
    }

    #[test]
    fn without_definitions_anything_goes() {
        for settings in [Settings::default(), settings(&json!({})).expect("none")] {
            assert_eq!(causes(&settings, r#"{"a":[{"b":1}],"c":null}"#), Value::Null);
            assert!(settings.custom_attributes.is_none());
        }
    }

    #[test]
    fn a_definition_that_cannot_be_used_is_refused() {
        for broken in [
            json!({ "type": "text" }),
            json!({ "$ref": "https://example.com/schema.json" }),
            json!({ "pattern": "(?=lookahead)" }),
            json!([]),
        ] {
            let error = settings(&json!({ "member_id": broken })).expect_err("a broken definition");
            assert!(error.contains("member_id"), "{error}");
        }
    }
}
