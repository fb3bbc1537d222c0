//! External ids: another system's, and therefore compared byte by byte.

use super::{Refused, within};
use crate::import::record::LoginId;

/// The user's id in the system it comes from: 1 to 255 characters, none of them a control
/// character, compared as it is. White space is part of it.
pub fn external_id(text: &str) -> Result<LoginId, Refused> {
    if text.is_empty() {
        return Err(Refused::Empty);
    }
    if text.chars().any(char::is_control) {
        return Err(Refused::Format("external_id"));
    }
    within(255, text)?;
    Ok(LoginId::plain(text.to_owned()))
}
