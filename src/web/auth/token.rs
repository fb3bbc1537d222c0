//! A token before its signature is checked: what it says of itself, to the letter.
//!
//! Everything that can be refused without a key is refused here: another algorithm, an extension
//! that is not understood, a claim of the wrong type, a time that does not fit. Keys that a token
//! brings along (`jwk`, `x5c`) or points to (`jku`, `x5u`) are never looked at.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny};
use serde::{Deserialize, Serialize};

/// How far the clocks of a caller and of this machine may differ.
const SKEW_SECONDS: f64 = 60.0;

/// Audiences that a token may name: each may cost a look into Postgres. Arbitrary, bounded.
const AUDIENCES_MAX: usize = 32;

#[derive(Debug)]
pub(super) struct Token<'a> {
    pub kid: Option<String>,
    /// Ids of projects, of which one must have signed.
    pub audiences: Vec<String>,
    pub expires_at: Timestamp,
    signed: &'a str,
    signature: &'a str,
}

/// The members that are understood; the others are passed over.
#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default, deserialize_with = "given")]
    kid: Option<String>,
    #[serde(default, deserialize_with = "given")]
    crit: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Claims {
    aud: Audience,
    exp: f64,
    #[serde(default, deserialize_with = "given")]
    nbf: Option<f64>,
    #[serde(default, deserialize_with = "given")]
    iat: Option<f64>,
    // Nothing depends on them, but a claim of the wrong type is a bad token.
    #[serde(default, deserialize_with = "given", rename = "iss")]
    _iss: Option<String>,
    #[serde(default, deserialize_with = "given", rename = "sub")]
    _sub: Option<String>,
    #[serde(default, deserialize_with = "given", rename = "jti")]
    _jti: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl<'a> Token<'a> {
    /// None for whatever is no token that could be good at `now`.
    pub fn read(text: &'a str, now: Timestamp) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let header: Header = object(header)?;
        // No extension is understood, so none may be critical (RFC 7515, section 4.1.11).
        if header.alg != "RS256" || header.crit.is_some() {
            return None;
        }
        let claims: Claims = object(claims)?;
        let now = now.as_second() as f64;
        let not_yet = |from: Option<f64>| from.is_some_and(|from| from > now + SKEW_SECONDS);
        if now >= claims.exp + SKEW_SECONDS || not_yet(claims.nbf) || not_yet(claims.iat) {
            return None;
        }
        let mut audiences = match claims.aud {
            Audience::One(audience) => vec![audience],
            Audience::Many(audiences) if audiences.len() <= AUDIENCES_MAX => audiences,
            Audience::Many(_) => return None,
        };
        // No project is called like that, and Postgres would refuse the load that others wait for.
        audiences.retain(|audience| !audience.contains('\0'));
        let expires_at = timestamp(claims.exp);
        Some(Self { kid: header.kid, audiences, expires_at, signed, signature })
    }

    pub fn is_signed_by(&self, key: &DecodingKey) -> bool {
        jsonwebtoken::crypto::verify(self.signature, self.signed.as_bytes(), key, Algorithm::RS256)
            .unwrap_or(false)
    }
}

/// A JSON object in base64. The brace is looked for because serde reads structs from arrays too.
fn object<T: DeserializeOwned>(part: &str) -> Option<T> {
    let json = URL_SAFE_NO_PAD.decode(part).ok()?;
    if json.trim_ascii_start().first() != Some(&b'{') {
        return None;
    }
    serde_json::from_slice(&json).ok()
}

/// Reads a member that is there: null is of the wrong type, not absent.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(member: D) -> Result<Option<T>, D::Error> {
    T::deserialize(member).map(Some)
}

/// The last second that there is for an `exp` beyond it.
fn timestamp(seconds: f64) -> Timestamp {
    Timestamp::from_second(seconds as i64).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::project::key::{generate, sign_token};

    const NOW: i64 = 1_700_000_000;

    fn token(header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.c2ln", part(header), part(claims))
    }

    fn is_read(header: &Value, claims: &Value) -> bool {
        Token::read(&token(header, claims), Timestamp::from_second(NOW).unwrap()).is_some()
    }

    fn with(member: &str, value: Value) -> Value {
        let mut claims = json!({"aud": "demo", "exp": NOW + 100});
        claims[member] = value;
        claims
    }

    #[test]
    fn only_rs256_without_extensions_is_read() {
        let claims = json!({"aud": "demo", "exp": NOW + 100});
        for good in [
            json!({"alg": "RS256"}),
            json!({"alg": "RS256", "typ": "JWT", "kid": "k", "jku": "https://evil", "jwk": {"kty": "oct"}}),
        ] {
            assert!(is_read(&good, &claims), "{good}");
        }
        for bad in [
            json!({"alg": "none"}),
            json!({"alg": "HS256"}),
            json!({"alg": "rs256"}),
            json!({"alg": ["RS256"]}),
            json!({"kid": "k"}),
            json!({"alg": "RS256", "kid": 7}),
            json!({"alg": "RS256", "kid": null}),
            json!({"alg": "RS256", "crit": ["exp"]}),
            json!({"alg": "RS256", "crit": null}),
            json!(["RS256"]),
        ] {
            assert!(!is_read(&bad, &claims), "{bad}");
        }
    }

    #[test]
    fn times_are_honoured_within_a_minute_of_skew() {
        let header = json!({"alg": "RS256"});
        for (member, value, good) in [
            ("exp", NOW - 59, true),
            ("exp", NOW - 60, false),
            ("nbf", NOW + 60, true),
            ("nbf", NOW + 61, false),
            ("iat", NOW + 60, true),
            ("iat", NOW + 61, false),
        ] {
            assert_eq!(is_read(&header, &with(member, value.into())), good, "{member} {value}");
        }
        assert!(is_read(&header, &with("exp", json!(NOW as f64 + 0.5))));
        assert!(is_read(&header, &with("exp", json!(1e300))));
    }

    #[test]
    fn a_claim_of_the_wrong_type_is_a_bad_token() {
        let header = json!({"alg": "RS256"});
        for (member, value) in [
            ("exp", json!("1800000000")),
            ("exp", json!(null)),
            ("nbf", json!(null)),
            ("nbf", json!("0")),
            ("iat", json!(true)),
            ("aud", json!(7)),
            ("aud", json!(["demo", 7])),
            ("aud", json!(null)),
            ("aud", json!({"demo": 1})),
            ("sub", json!(7)),
        ] {
            assert!(!is_read(&header, &with(member, value.clone())), "{member} {value}");
        }
        assert!(!is_read(&header, &json!({"aud": "demo"})), "exp is required");
        assert!(!is_read(&header, &json!(["demo", NOW + 100])), "claims are an object");
    }

    #[test]
    fn an_audience_that_postgres_cannot_hold_is_passed_over() {
        let audiences = |aud: Value| {
            let text = token(&json!({"alg": "RS256"}), &with("aud", aud));
            Token::read(&text, Timestamp::from_second(NOW).unwrap()).unwrap().audiences
        };
        assert_eq!(audiences(json!(["de\0mo", "demo", "\0"])), ["demo"]);
        assert!(audiences(json!("\0")).is_empty());
    }

    #[test]
    fn a_claim_given_twice_is_a_bad_token() {
        let claims = format!(r#"{{"aud":"a","aud":"b","exp":{}}}"#, NOW + 100);
        let text = format!(
            "{}.{}.c2ln",
            URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#),
            URL_SAFE_NO_PAD.encode(claims)
        );
        assert!(Token::read(&text, Timestamp::from_second(NOW).unwrap()).is_none());
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for bad in ["", ".", "..", "a.b", "a.b.c", "a.b.c.d", "eyJhbGciOiJSUzI1NiJ9=.e30.c"] {
            assert!(Token::read(bad, Timestamp::UNIX_EPOCH).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_signature_is_good_for_its_own_key_alone() {
        let (key, other) = (generate().unwrap(), generate().unwrap());
        let text = sign_token(&key.private_pem, "demo", std::time::Duration::from_mins(1)).unwrap();
        let token = Token::read(&text, crate::project::key::now()).unwrap();
        let public = |jwk: &Value| {
            DecodingKey::from_rsa_components(jwk["n"].as_str().unwrap(), jwk["e"].as_str().unwrap())
                .unwrap()
        };
        assert!(token.is_signed_by(&public(&key.public_jwk)));
        assert!(!token.is_signed_by(&public(&other.public_jwk)));
        let cut = &text[..text.len() - 4];
        let token = Token::read(cut, crate::project::key::now()).unwrap();
        assert!(!token.is_signed_by(&public(&key.public_jwk)));
    }
}
