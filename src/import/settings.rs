//! The settings of a project that decide what its records mean.

use serde::{Deserialize, Serialize};

use super::definitions::Definitions;

/// Stored as `project.settings`; absent members have these defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own name")]
pub struct Settings {
    #[serde(rename = "email.case_sensitive")]
    pub email_case_sensitive: bool,
    #[serde(rename = "email.ignore_dot_sign")]
    pub email_ignore_dot_sign: bool,
    #[serde(rename = "username.case_sensitive")]
    pub username_case_sensitive: bool,
    #[serde(rename = "username.ascii_only")]
    pub username_ascii_only: bool,
    pub unknown_roles_and_groups: UnknownKeys,
    #[serde(skip_serializing_if = "Definitions::is_none")]
    pub custom_attributes: Definitions,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownKeys {
    /// Roles and groups that the project lacks are made.
    Create,
    /// Only roles and groups that exist may be given.
    Existing,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            email_case_sensitive: false,
            email_ignore_dot_sign: false,
            username_case_sensitive: false,
            username_ascii_only: true,
            unknown_roles_and_groups: UnknownKeys::Create,
            custom_attributes: Definitions::default(),
        }
    }
}
