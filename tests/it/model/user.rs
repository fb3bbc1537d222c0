//! One user of the serial model.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::universe::{Id, Meaning, Settings, instant, meaning};

pub const VERIFIED: [(&str, &str); 2] =
    [("email", "email_verified"), ("phone_number", "phone_number_verified")];
pub const MFA: [&str; 2] = ["email", "phone_number"];
pub const PERIOD: [&str; 2] = ["account_valid_from", "account_valid_until"];
const STANDARD: [&str; 6] = ["name", "nickname", "website", "birthdate", "zoneinfo", "locale"];

/// What a record gives of each login id; `None` where it says null.
pub type GivenIds = BTreeMap<&'static str, Option<Id>>;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct User {
    pub id: String,
    pub ids: BTreeMap<&'static str, Id>,
    verified: BTreeSet<&'static str>,
    attributes: BTreeMap<String, Value>,
    custom_attributes: BTreeMap<String, Value>,
    roles: BTreeSet<String>,
    groups: BTreeSet<String>,
    disabled: bool,
    pub valid: BTreeMap<&'static str, &'static str>,
    mfa: BTreeMap<&'static str, String>,
    pub password_hash: Option<String>,
    pub mfa_password_hash: Option<String>,
    totp: bool,
}

pub fn names(value: Option<&Value>) -> BTreeSet<String> {
    let names = value.and_then(Value::as_array).into_iter().flatten();
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}

impl User {
    /// A new user is what an update makes of nobody, and the secrets besides.
    pub fn made(
        settings: Settings,
        id: String,
        ids: &GivenIds,
        record: &Map<String, Value>,
    ) -> Self {
        let mut user = Self { id, ..Self::default() };
        user.update(settings, ids, record);
        let hash = |password: &Value| password["password_hash"].as_str().unwrap().to_owned();
        let mfa = record.get("mfa");
        user.password_hash = record.get("password").map(hash);
        user.mfa_password_hash = mfa.and_then(|mfa| mfa.get("password")).map(hash);
        user.totp = mfa.is_some_and(|mfa| mfa.get("totp").is_some());
        user
    }

    pub fn update(&mut self, settings: Settings, ids: &GivenIds, record: &Map<String, Value>) {
        for (which, new) in ids {
            let old = self.ids.remove(which);
            let same = matches!((&old, new), (Some(old), Some(new)) if old.key == new.key);
            if !same {
                self.verified.remove(which);
            }
            if let Some(new) = new {
                self.ids.insert(which, new.clone());
            }
        }
        for (which, mark) in VERIFIED {
            let has_id = matches!(ids.get(which), Some(Some(_)));
            match record.get(mark) {
                Some(Value::Bool(true)) if has_id => drop(self.verified.insert(which)),
                Some(Value::Bool(false)) if has_id => drop(self.verified.remove(which)),
                _ => {}
            }
        }
        for name in STANDARD {
            if let Some(value) = record.get(name) {
                let is_blank = value.is_null() || value == "";
                set(&mut self.attributes, name, (!is_blank).then(|| value.clone()));
            }
        }
        if let Some(address) = record.get("address") {
            let members = address.as_object().into_iter().flatten();
            let said = members.filter(|(_, value)| !value.is_null() && *value != "");
            let said: Map<_, _> = said.map(|(name, value)| (name.clone(), value.clone())).collect();
            let value = (!said.is_empty()).then_some(Value::Object(said));
            set(&mut self.attributes, "address", value);
        }
        for (name, value) in
            record.get("custom_attributes").and_then(Value::as_object).into_iter().flatten()
        {
            let value = (!value.is_null()).then(|| value.clone());
            set(&mut self.custom_attributes, name, value);
        }
        if record.contains_key("roles") {
            self.roles = names(record.get("roles"));
        }
        if record.contains_key("groups") {
            self.groups = names(record.get("groups"));
        }
        if let Some(disabled) = record.get("disabled") {
            self.disabled = disabled == &Value::Bool(true);
        }
        for name in PERIOD {
            if let Some(time) = record.get(name) {
                self.valid.insert(name, instant(time).expect("a sound time"));
            }
        }
        for which in MFA {
            match record.get("mfa").and_then(|mfa| mfa.get(which)) {
                None => {}
                Some(Value::Null) => drop(self.mfa.remove(which)),
                Some(value) => {
                    let text = value.as_str().expect("a sound address");
                    let Meaning::Id(id) = meaning(settings, which, text) else {
                        panic!("a sound address");
                    };
                    self.mfa.insert(which, id.shown);
                }
            }
        }
    }

    /// As the API shows the user, but for its times.
    pub fn shown(&self) -> Value {
        let mut shown = Map::new();
        let mut put = |name: &str, value: Value| drop(shown.insert(name.to_owned(), value));
        put("id", json!(self.id));
        for (which, id) in &self.ids {
            put(which, json!(id.shown));
        }
        for (which, mark) in VERIFIED {
            if self.ids.contains_key(which) {
                put(mark, json!(self.verified.contains(which)));
            }
        }
        for (name, value) in &self.attributes {
            put(name, value.clone());
        }
        put("custom_attributes", json!(self.custom_attributes));
        put("roles", json!(self.roles));
        put("groups", json!(self.groups));
        put("disabled", json!(self.disabled));
        for (name, time) in &self.valid {
            put(name, json!(time));
        }
        if self.password_hash.is_some() {
            put("password", json!({"type": "bcrypt"}));
        }
        let mut mfa: Map<_, _> =
            self.mfa.iter().map(|(which, text)| ((*which).to_owned(), json!(text))).collect();
        if self.mfa_password_hash.is_some() {
            mfa.insert("password".to_owned(), json!({"type": "bcrypt"}));
        }
        if self.totp {
            mfa.insert("totp".to_owned(), json!(true));
        }
        if !mfa.is_empty() {
            put("mfa", Value::Object(mfa));
        }
        Value::Object(shown)
    }
}

fn set(attributes: &mut BTreeMap<String, Value>, name: &str, value: Option<Value>) {
    match value {
        Some(value) => drop(attributes.insert(name.to_owned(), value)),
        None => drop(attributes.remove(name)),
    }
}
