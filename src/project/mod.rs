//! Projects: the tenants, with their keys, their settings, their roles and groups.
//!
//! A private key is written once, to a file, when it is made; Postgres holds public keys only.
//! Whether a token is good is `web`'s matter, what a setting means to a record is `import`'s.

pub mod key;
mod keys;
mod roles;
mod setting;
pub mod store;

pub use keys::{KeyListed, PublicKey, PublicKeys, add_key, list_keys, load_keys, remove_key};
pub use roles::{ensure_groups, ensure_roles, known_groups, known_roles};
pub use setting::{SettingError, parse_settings};

use crate::pg;

/// Why a command about a project failed; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "a project's name is 1 to 64 letters, digits, '.', '_' and '-', and begins with a letter or digit"
    )]
    Name,
    #[error("there is a project {0} already")]
    Exists(String),
    #[error("there is no project {0}; `user-import project list` names those there are")]
    Unknown(String),
    #[error(
        "the project {project} has no key {kid}; `user-import project keys {project}` names those it has"
    )]
    UnknownKey { project: String, kid: String },
    #[error(
        "login id settings can be changed only while the project has no user and no open task, and {0} has"
    )]
    InUse(String),
    #[error(transparent)]
    Setting(#[from] SettingError),
    #[error(transparent)]
    Postgres(#[from] pg::Error),
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error.into())
    }
}

impl From<deadpool_postgres::PoolError> for Error {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        Self::Postgres(error.into())
    }
}

/// A name is also the `aud` of tokens and the beginning of a file's name.
pub fn check_name(name: &str) -> Result<(), Error> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if begins && name.len() <= 64 && name.chars().all(fits) { Ok(()) } else { Err(Error::Name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_fits_a_token_and_a_file() {
        for good in ["demo", "a", "my.app_1-x", "0"] {
            check_name(good).unwrap();
        }
        for bad in ["", ".", "-a", "a/b", "ä", "a b", &"x".repeat(65)] {
            check_name(bad).unwrap_err();
        }
    }
}
