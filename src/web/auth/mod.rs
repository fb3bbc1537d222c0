//! Who is calling: an Admin API token becomes a [`Caller`], or one identical 401.
//!
//! The accepted algorithm is the server's. The project whose key signed is the one the caller acts
//! as, and the token's audience must name it. Public keys come from Postgres; while it is away
//! the answer is 503, for a token that cannot be checked is not a bad one.

mod flight;
mod keyring;
mod token;

/// What the fuzzer reaches: fuzz/.
#[cfg(fuzzing)]
pub mod fuzzing {
    use axum::http::HeaderMap;
    use jiff::Timestamp;

    /// What a token says before its signature is checked.
    #[derive(Debug, PartialEq, Eq)]
    pub struct Said {
        pub kid: Option<String>,
        pub audiences: Vec<String>,
        pub expires_at: Timestamp,
    }

    pub fn read(headers: &HeaderMap, now: Timestamp) -> Option<Said> {
        let token = super::Token::read(super::bearer(headers)?, now)?;
        let super::Token { kid, audiences, expires_at, .. } = token;
        Some(Said { kid, audiences, expires_at })
    }
}

use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use jiff::Timestamp;

use self::keyring::Keyring;
use self::token::Token;
use super::Error;
use crate::import::settings::Settings;
use crate::pg::Pool;
use crate::project::key::now;

/// The project that a request acts as, and no other. Every statement carries its number.
#[derive(Debug, Clone)]
pub struct Caller {
    /// What tables know the project by.
    pub project: i32,
    pub project_id: String,
    /// At most a second old. Whoever stores something that depends on them reads them in its own
    /// transaction: [`crate::project::store::settings_for_new_task`].
    pub settings: Arc<Settings>,
    /// The token's `exp`, without the clock skew that is allowed for.
    pub expires_at: Timestamp,
}

/// Checks tokens. Cheap to clone; all clones share their keys.
#[derive(Clone)]
pub struct Auth {
    keyring: Arc<Keyring>,
}

impl Auth {
    pub fn new(pool: Pool) -> Self {
        Self { keyring: Arc::new(Keyring::new(pool)) }
    }

    /// The caller that the headers prove.
    pub async fn check(&self, headers: &HeaderMap) -> Result<Caller, Error> {
        let token = bearer(headers).and_then(|text| Token::read(text, now()));
        let token = token.ok_or_else(Error::unauthorized)?;
        let signer = self.keyring.signer(&token).await?.ok_or_else(Error::unauthorized)?;
        let settings = signer.settings.clone().ok_or_else(Error::unexpected)?;
        Ok(Caller {
            project: signer.number,
            project_id: signer.id.clone(),
            settings,
            expires_at: token.expires_at,
        })
    }
}

impl<S> FromRequestParts<S> for Caller
where
    Auth: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let caller = Auth::from_ref(state).check(&parts.headers).await?;
        tracing::Span::current().record("import.project", caller.project);
        Ok(caller)
    }
}

/// The token of the one `Authorization` header; the scheme in any case (RFC 9110, section 11.1).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(only), None) = (all.next(), all.next()) else {
        return None;
    };
    let (scheme, token) = only.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_matches(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, value.parse().unwrap());
        }
        bearer(&headers).map(str::to_owned)
    }

    #[test]
    fn one_bearer_token_is_read_in_any_case_of_the_scheme() {
        for good in ["Bearer a.b.c", "bearer a.b.c", "BEARER  a.b.c"] {
            assert_eq!(of(&[good]).as_deref(), Some("a.b.c"));
        }
        for bad in [&["Basic a.b.c"][..], &["Bearer"], &["a.b.c"], &["Bearer a", "Bearer a"], &[]] {
            assert_eq!(of(bad), None, "{bad:?}");
        }
    }
}
