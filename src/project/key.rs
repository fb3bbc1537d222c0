//! RSA keys: made, named, and used to sign an Admin API token.
//!
//! A key is named by its own thumbprint (RFC 7638), so the private part alone tells which `kid` a
//! token must carry, and no file needs a note beside the key.

use std::time::Duration;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use serde_json::{Value, json};

const LIFETIME_MIN: Duration = Duration::from_secs(1);
/// Ten years. Arbitrary, bounded.
const LIFETIME_MAX: Duration = Duration::from_hours(10 * 366 * 24);

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the key file holds no RSA private key in PEM (`-----BEGIN PRIVATE KEY-----`)")]
    NotAKey,
    #[error("no key could be made: the system's random numbers failed")]
    Random,
    #[error("a token's lifetime must be between a second and ten years")]
    Lifetime,
}

/// A key pair on its way to a file and to Postgres.
pub struct NewKey {
    pub kid: String,
    /// PKCS #8 in PEM. Goes to one file and nowhere else.
    pub private_pem: String,
    pub public_jwk: Value,
}

/// Makes an RSA key of 2048 bits.
pub fn generate() -> Result<NewKey, Error> {
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| Error::Random)?;
    let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| Error::Random)?;
    let private_pem = pem(der.as_ref());
    let (kid, public_jwk) = public_part(&read_private(&private_pem)?)?;
    Ok(NewKey { kid, private_pem, public_jwk })
}

/// Signs a token that acts as `project` from now on for `lifetime`.
pub fn sign_token(key_pem: &str, project: &str, lifetime: Duration) -> Result<String, Error> {
    if !(LIFETIME_MIN..=LIFETIME_MAX).contains(&lifetime) {
        return Err(Error::Lifetime);
    }
    let now = now().as_second();
    let claims = Claims { aud: project, iat: now, exp: now + lifetime.as_secs() as i64 };
    let key = read_private(key_pem)?;
    let (kid, _) = public_part(&key)?;
    let header = Header { kid: Some(kid), ..Header::new(Algorithm::RS256) };
    jsonwebtoken::encode(&header, &claims, &key).map_err(|_| Error::NotAKey)
}

/// The wall clock, for tokens alone: their times are compared with it and with nothing of ours.
#[expect(clippy::disallowed_methods, reason = "a token's times are the wall clock's")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    iat: i64,
    exp: i64,
}

fn read_private(pem: &str) -> Result<EncodingKey, Error> {
    EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(|_| Error::NotAKey)
}

/// The `kid` and the public JWK (RFC 7517) of a key.
fn public_part(key: &EncodingKey) -> Result<(String, Value), Error> {
    let jwk = Jwk::from_encoding_key(key, Algorithm::RS256).map_err(|_| Error::NotAKey)?;
    let kid = jwk.thumbprint(ThumbprintHash::SHA256).map_err(|_| Error::NotAKey)?;
    let AlgorithmParameters::RSA(rsa) = jwk.algorithm else {
        return Err(Error::NotAKey);
    };
    let jwk =
        json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": kid, "n": rsa.n, "e": rsa.e});
    Ok((kid, jwk))
}

/// PEM as RFC 7468 writes it.
fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.push_str(std::str::from_utf8(line).expect("base64 is ASCII"));
        pem.push('\n');
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    pem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_private_key_alone_tells_its_name() {
        let key = generate().unwrap();
        let (kid, jwk) = public_part(&read_private(&key.private_pem).unwrap()).unwrap();
        assert_eq!((kid.as_str(), &jwk), (key.kid.as_str(), &key.public_jwk));
        assert!(key.private_pem.lines().all(|line| line.len() <= 64));
        assert!(jwk.get("d").is_none(), "the private exponent stays out");
    }

    #[test]
    fn a_token_names_its_key_and_its_project() {
        let key = generate().unwrap();
        let token = sign_token(&key.private_pem, "demo", Duration::from_mins(1)).unwrap();
        let header = jsonwebtoken::decode_header(&token).unwrap();
        assert_eq!(header.kid, Some(key.kid));
        assert_eq!(header.alg, Algorithm::RS256);
    }

    #[test]
    fn what_is_no_key_is_refused_without_showing_it() {
        let error = sign_token("secret", "demo", Duration::from_mins(1)).unwrap_err();
        assert!(!error.to_string().contains("secret"));
        let zero = sign_token("secret", "demo", Duration::ZERO).unwrap_err();
        assert!(matches!(zero, Error::Lifetime));
    }
}
