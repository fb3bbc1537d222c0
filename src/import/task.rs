//! A task: one request to import records, its options, its status and its five counts.

use serde::{Deserialize, Serialize};

/// The attribute that finds an existing user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identifier {
    Email,
    PhoneNumber,
    PreferredUsername,
    ExternalId,
}

impl Identifier {
    /// In the order in which an error lists them.
    pub const ALL: [Self; 4] =
        [Self::PreferredUsername, Self::Email, Self::PhoneNumber, Self::ExternalId];

    /// As it stands in JSON, in SQL and in a record.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::PhoneNumber => "phone_number",
            Self::PreferredUsername => "preferred_username",
            Self::ExternalId => "external_id",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|identifier| identifier.as_str() == text)
    }
}

/// What a caller chose for a whole task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    pub identifier: Identifier,
    pub upsert: bool,
    pub dry_run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Pending,
    Completed,
    Cancelled,
}

impl Status {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// How many records a task has, and how many of them have each outcome so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    pub total: u64,
    pub inserted: u64,
    pub updated: u64,
    pub skipped: u64,
    pub failed: u64,
}
