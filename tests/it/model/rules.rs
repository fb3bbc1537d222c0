//! Where a record of the universe breaks the contract's schema.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::universe::{LOGIN_IDS, Meaning, Settings, instant, meaning};

/// What a project lays down.
#[derive(Debug, Clone)]
pub struct Rules {
    pub settings: Settings,
    /// The roles and groups that it has from the beginning.
    pub roles: BTreeSet<String>,
    pub groups: BTreeSet<String>,
}

type Broken = BTreeSet<(String, &'static str)>;

/// Every place that is broken, with the JSON Schema keyword that it breaks.
pub fn causes(rules: &Rules, identifier: &str, record: &Map<String, Value>) -> Broken {
    let mut broken = Broken::new();
    if !record.contains_key(identifier) {
        broken.insert((String::new(), "required"));
    }
    for (name, value) in record {
        let at = format!("/{name}");
        match name.as_str() {
            name if LOGIN_IDS.contains(&name) => {
                login_id(rules, name, name != identifier, &at, value, &mut broken);
            }
            "email_verified" | "phone_number_verified" | "disabled" => {
                if !value.is_boolean() {
                    broken.insert((at, "type"));
                }
            }
            "account_valid_from" | "account_valid_until" => time(at, value, &mut broken),
            "name" | "nickname" | "website" | "birthdate" | "zoneinfo" | "locale" => {
                attribute(name, at, value, &mut broken);
            }
            "address" => address(&at, value, &mut broken),
            "custom_attributes" if value.is_object() => {}
            "roles" | "groups" if value.is_array() => {
                for (index, element) in value.as_array().unwrap().iter().enumerate() {
                    match element.as_str() {
                        None => drop(broken.insert((format!("{at}/{index}"), "type"))),
                        Some("") => drop(broken.insert((format!("{at}/{index}"), "minLength"))),
                        Some(_) => {}
                    }
                }
            }
            "password" => password(&at, value, &mut broken),
            "mfa" => mfa(rules, &at, value, &mut broken),
            "custom_attributes" | "roles" | "groups" => drop(broken.insert((at, "type"))),
            _ => drop(broken.insert((at, "additionalProperties"))),
        }
    }
    broken
}

fn login_id(
    rules: &Rules,
    which: &str,
    null_is_fine: bool,
    at: &str,
    value: &Value,
    broken: &mut Broken,
) {
    let kind = match value {
        Value::Null if null_is_fine => return,
        Value::String(text) => match meaning(rules.settings, which, text) {
            Meaning::Id(_) => return,
            Meaning::Fault(kind) => kind,
        },
        _ => "type",
    };
    broken.insert((at.to_owned(), kind));
}

fn time(at: String, value: &Value, broken: &mut Broken) {
    if !value.is_string() {
        broken.insert((at, "type"));
    } else if instant(value).is_none() {
        broken.insert((at, "format"));
    }
}

/// The universe's broken texts are these; what is sound is told elsewhere.
const ILL_FORMED: [(&str, &str); 4] = [
    ("website", "example.com"),
    ("birthdate", "2001-02-29"),
    ("zoneinfo", "Vienna"),
    ("locale", "de_AT"),
];

fn attribute(name: &str, at: String, value: &Value, broken: &mut Broken) {
    match value {
        Value::String(text) if ILL_FORMED.contains(&(name, text)) => {
            broken.insert((at, "format"));
        }
        Value::Null | Value::String(_) => {}
        _ => drop(broken.insert((at, "type"))),
    }
}

fn address(at: &str, value: &Value, broken: &mut Broken) {
    match value {
        Value::Null => {}
        Value::Object(members) => {
            for name in members.keys().filter(|name| *name == "planet") {
                broken.insert((format!("{at}/{name}"), "additionalProperties"));
            }
        }
        _ => drop(broken.insert((at.to_owned(), "type"))),
    }
}

fn password(at: &str, value: &Value, broken: &mut Broken) {
    let Some(members) = value.as_object() else {
        broken.insert((at.to_owned(), "type"));
        return;
    };
    if ["type", "password_hash"].iter().any(|name| !members.contains_key(*name)) {
        broken.insert((at.to_owned(), "required"));
    }
    if members.get("type").is_some_and(|kind| kind != "bcrypt") {
        broken.insert((format!("{at}/type"), "enum"));
    }
}

fn mfa(rules: &Rules, at: &str, value: &Value, broken: &mut Broken) {
    let Some(members) = value.as_object() else {
        broken.insert((at.to_owned(), "type"));
        return;
    };
    for (name, value) in members {
        let below = format!("{at}/{name}");
        match name.as_str() {
            "email" | "phone_number" => login_id(rules, name, true, &below, value, broken),
            "password" => password(&below, value, broken),
            "totp" if value["secret"] == "1" => {
                broken.insert((format!("{below}/secret"), "format"));
            }
            "totp" => {}
            // Not named: whatever stands there may be a secret.
            _ => drop(broken.insert((at.to_owned(), "additionalProperties"))),
        }
    }
}
