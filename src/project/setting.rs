//! Settings as an operator writes them: `KEY=VALUE`.

use serde_json::{Map, Value};

use crate::import::definitions::{Broken, Definitions};
use crate::import::settings::{Settings, UnknownKeys};

#[derive(Debug, thiserror::Error)]
pub enum SettingError {
    #[error(
        "{0} is no setting; write KEY=VALUE, where KEY is one of email.case_sensitive, \
         email.ignore_dot_sign, username.case_sensitive, username.ascii_only, \
         unknown_roles_and_groups and custom_attributes"
    )]
    Unknown(String),
    #[error("{key} takes {expected}")]
    Value { key: &'static str, expected: &'static str },
    #[error(transparent)]
    Definition(#[from] Broken),
}

/// `before` with every assignment made; the last of two to one key wins.
pub fn parse_settings(before: &Settings, assignments: &[String]) -> Result<Settings, SettingError> {
    let mut settings = before.clone();
    for assignment in assignments {
        let unknown = || SettingError::Unknown(assignment.clone());
        let (key, value) = assignment.split_once('=').ok_or_else(unknown)?;
        let (key, setting) = match key {
            "unknown_roles_and_groups" => {
                settings.unknown_roles_and_groups = unknown_keys(value)?;
                continue;
            }
            "custom_attributes" => {
                settings.custom_attributes = definitions(value)?;
                continue;
            }
            "email.case_sensitive" => ("email.case_sensitive", &mut settings.email_case_sensitive),
            "email.ignore_dot_sign" => {
                ("email.ignore_dot_sign", &mut settings.email_ignore_dot_sign)
            }
            "username.case_sensitive" => {
                ("username.case_sensitive", &mut settings.username_case_sensitive)
            }
            "username.ascii_only" => ("username.ascii_only", &mut settings.username_ascii_only),
            _ => return Err(unknown()),
        };
        let expected = "true or false";
        *setting = value.parse().map_err(|_| SettingError::Value { key, expected })?;
    }
    Ok(settings)
}

fn unknown_keys(value: &str) -> Result<UnknownKeys, SettingError> {
    match value {
        "create" => Ok(UnknownKeys::Create),
        "existing" => Ok(UnknownKeys::Existing),
        _ => {
            let key = "unknown_roles_and_groups";
            Err(SettingError::Value { key, expected: "create or existing" })
        }
    }
}

fn definitions(value: &str) -> Result<Definitions, SettingError> {
    let expected = "a JSON object that holds a JSON Schema for each attribute, as in @FILE";
    let key = "custom_attributes";
    let schemas: Map<String, Value> =
        serde_json::from_str(value).map_err(|_| SettingError::Value { key, expected })?;
    Ok(Definitions::try_from(schemas)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(assignments: &[&str]) -> Result<Settings, SettingError> {
        let assignments: Vec<String> = assignments.iter().map(ToString::to_string).collect();
        parse_settings(&Settings::default(), &assignments)
    }

    #[test]
    fn assignments_change_what_they_name() {
        let settings =
            set(&["email.case_sensitive=true", "unknown_roles_and_groups=existing"]).unwrap();
        let expected = Settings {
            email_case_sensitive: true,
            unknown_roles_and_groups: UnknownKeys::Existing,
            ..Settings::default()
        };
        assert_eq!(settings, expected);
    }

    #[test]
    fn custom_attributes_are_defined_and_let_go_again() {
        let defined = set(&[r#"custom_attributes={"n": {"type": "integer"}}"#]).unwrap();
        assert!(!defined.custom_attributes.is_none());
        let assignments = ["custom_attributes={}".to_owned()];
        assert_eq!(parse_settings(&defined, &assignments).unwrap(), Settings::default());
        let broken = set(&[r#"custom_attributes={"n": {"type": 7}}"#]).unwrap_err();
        assert!(matches!(broken, SettingError::Definition(_)), "{broken}");
    }

    #[test]
    fn what_is_no_setting_is_refused() {
        for wrong in ["color=red", "email.case_sensitive", "=true"] {
            assert!(matches!(set(&[wrong]), Err(SettingError::Unknown(_))), "{wrong}");
        }
        for wrong in [
            "custom_attributes=[]",
            "email.case_sensitive=yes",
            "unknown_roles_and_groups=",
            "username.ascii_only=TRUE",
        ] {
            assert!(matches!(set(&[wrong]), Err(SettingError::Value { .. })), "{wrong}");
        }
    }
}
