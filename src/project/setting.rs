//! Settings as an operator writes them: `KEY=VALUE`.

use crate::import::settings::{Settings, UnknownKeys};

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SettingError {
    #[error(
        "{0} is no setting; write KEY=VALUE, where KEY is one of email.case_sensitive, \
             email.ignore_dot_sign, username.case_sensitive, username.ascii_only and \
             unknown_roles_and_groups"
    )]
    Unknown(String),
    #[error("{key} takes {expected}")]
    Value { key: &'static str, expected: &'static str },
}

/// `before` with every assignment made; the last of two to one key wins.
pub fn parse_settings(before: &Settings, assignments: &[String]) -> Result<Settings, SettingError> {
    let mut settings = before.clone();
    for assignment in assignments {
        let unknown = || SettingError::Unknown(assignment.clone());
        let (key, value) = assignment.split_once('=').ok_or_else(unknown)?;
        if key == "unknown_roles_and_groups" {
            settings.unknown_roles_and_groups = unknown_keys(value)?;
            continue;
        }
        let (key, setting) = match key {
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
    fn what_is_no_setting_is_refused() {
        for wrong in ["color=red", "email.case_sensitive", "=true"] {
            assert!(matches!(set(&[wrong]), Err(SettingError::Unknown(_))), "{wrong}");
        }
        for wrong in
            ["email.case_sensitive=yes", "unknown_roles_and_groups=", "username.ascii_only=TRUE"]
        {
            assert!(matches!(set(&[wrong]), Err(SettingError::Value { .. })), "{wrong}");
        }
    }
}
