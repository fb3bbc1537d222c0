//! Usernames: NFKC, then the PRECIS profiles of RFC 8265.
//!
//! By default a project takes a plain ASCII set only, and what NFKC brings into it.

use precis_profiles::precis_core::profile::Profile;
use precis_profiles::{UsernameCaseMapped, UsernameCasePreserved};
use unicode_normalization::UnicodeNormalization;

use super::{Refused, settle, within};
use crate::import::record::LoginId;
use crate::import::settings::Settings;

const REFUSED: Refused = Refused::Format("preferred_username");

/// A username as RFC 8265 prepares it, after NFKC: 1 to 40 characters.
pub fn preferred_username(text: &str, settings: &Settings) -> Result<LoginId, Refused> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Refused::Empty);
    }
    let key = if text.is_ascii() { ascii(text, settings)? } else { unicode(text, settings)? };
    if settings.username_ascii_only && !key.bytes().all(is_plain) {
        return Err(REFUSED);
    }
    within(40, &key)?;
    Ok(LoginId::plain(key))
}

/// What `unicode` does, for the usernames that nearly everybody has. In ASCII, PRECIS allows
/// U+0021 to U+007E, and its other rules change nothing but the case.
fn ascii(text: &str, settings: &Settings) -> Result<String, Refused> {
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(REFUSED);
    }
    Ok(if settings.username_case_sensitive { text.to_owned() } else { text.to_ascii_lowercase() })
}

fn unicode(text: &str, settings: &Settings) -> Result<String, Refused> {
    settle(text, |text| {
        let text: String = text.nfkc().collect();
        let enforced = if settings.username_case_sensitive {
            UsernameCasePreserved::new().enforce(text)
        } else {
            UsernameCaseMapped::new().enforce(text)
        };
        enforced.ok().map(std::borrow::Cow::into_owned)
    })
    .ok_or(REFUSED)
}

const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}
