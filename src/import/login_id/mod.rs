//! What a login id is compared by: one key for every spelling that means the same.
//!
//! Keys are computed here and nowhere else, so that intake, apply and a caller's search agree.
//! Each function trims, normalises, and only then looks at characters and length. All of them
//! are idempotent: the key and the shown value normalise to the same key again.

mod email;
mod external_id;
mod phone_number;
mod preferred_username;

pub use email::email;
pub use external_id::external_id;
pub use phone_number::phone_number;
pub use preferred_username::preferred_username;

use super::record::LoginId;
use super::settings::Settings;
use super::task::Identifier;

/// Why a text is no login id of its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Nothing is left after trimming and normalising.
    Empty,
    /// In characters, after normalising.
    TooLong { max: usize, actual: usize },
    /// Not written as the named format wants it.
    Format(&'static str),
}

/// The login id that a text means, read as the given type.
pub fn normalise(
    identifier: Identifier,
    text: &str,
    settings: &Settings,
) -> Result<LoginId, Refused> {
    match identifier {
        Identifier::Email => email(text, settings),
        Identifier::PhoneNumber => phone_number(text),
        Identifier::PreferredUsername => preferred_username(text, settings),
        Identifier::ExternalId => external_id(text),
    }
}

impl LoginId {
    /// A login id that is shown as it is compared.
    fn plain(key: String) -> Self {
        Self { key, value: None }
    }
}

fn within(max: usize, text: &str) -> Result<(), Refused> {
    // Bytes bound characters from above, and nearly every login id is short.
    if text.len() <= max {
        return Ok(());
    }
    match text.chars().count() {
        actual if actual > max => Err(Refused::TooLong { max, actual }),
        _ => Ok(()),
    }
}

/// Applies a normalising step until it changes nothing more.
///
/// NFKC and case folding are each idempotent, but their composition is not for a few dozen
/// characters; a second round settles all of them (Unicode 5.18, Stability of Case Folding).
/// What does not settle has no key.
fn settle(text: &str, step: impl Fn(&str) -> Option<String>) -> Option<String> {
    const ROUNDS_MAX: usize = 4;
    let mut current = step(text)?;
    if current == text {
        return Some(current);
    }
    for _ in 0..ROUNDS_MAX {
        let next = step(&current)?;
        if next == current {
            return Some(current);
        }
        current = next;
    }
    None
}

#[cfg(test)]
mod tests;
