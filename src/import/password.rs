//! The secrets of a record: does a hash have its structure, does a TOTP secret spell base32?
//!
//! Nothing is computed or compared here; that a hash is sound is seen from its structure alone.

use super::login_id::Refused;

/// `$2a$`, `$2b$` or `$2y$`, a cost of 4 to 31, 22 characters of salt and 31 of hash.
///
/// `$2x$` marks the hashes of a buggy `crypt_blowfish`, which only that code could verify. The last
/// characters of salt and hash carry four and two bits that mean nothing; implementations
/// disagree on whether they must be 0, so they are stored as they came.
pub fn is_bcrypt(hash: &str) -> bool {
    let [b'$', b'2', b'a' | b'b' | b'y', b'$', tens, ones, b'$', rest @ ..] = hash.as_bytes()
    else {
        return false;
    };
    let is_cost = matches!(
        (tens, ones),
        (b'0', b'4'..=b'9') | (b'1' | b'2', b'0'..=b'9') | (b'3', b'0' | b'1')
    );
    is_cost
        && rest.len() == 53
        && rest.iter().all(|byte| matches!(byte, b'.'..=b'9' | b'A'..=b'Z' | b'a'..=b'z'))
}

/// The same hash with its spare bits 0.
///
/// 22 characters hold the 16 octets of the salt and 4 bits more, 31 hold the 23 octets of the
/// hash and 2 bits more. Some systems leave chance in them, and a decoder may refuse that.
pub fn without_spare_bits(bcrypt: &str) -> String {
    let clear = |(place, char): (usize, char)| match (place, ALPHABET.find(char)) {
        (28, Some(value)) => char::from(ALPHABET.as_bytes()[value & !0b1111]),
        (59, Some(value)) => char::from(ALPHABET.as_bytes()[value & !0b11]),
        _ => char,
    };
    bcrypt.chars().enumerate().map(clear).collect()
}

/// The base64 digits of bcrypt, by value.
const ALPHABET: &str = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A base32 secret (RFC 4648) as it is stored: upper case, without spaces and padding, 1 to 512
/// characters. Its length is not asked to be one that encodes whole octets: authenticators drop
/// the bits that are left over.
pub fn totp_secret(text: &str) -> Result<String, Refused> {
    let letters = text.trim_end_matches([' ', '=']).bytes().filter(|byte| *byte != b' ');
    let mut secret = String::with_capacity(text.len());
    for letter in letters {
        match letter.to_ascii_uppercase() {
            letter @ (b'A'..=b'Z' | b'2'..=b'7') => secret.push(char::from(letter)),
            _ => return Err(Refused::Format("base32")),
        }
    }
    match secret.len() {
        0 => Err(Refused::Empty),
        1..=512 => Ok(secret),
        actual => Err(Refused::TooLong { max: 512, actual }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bcrypt_is_known_by_its_structure() {
        let tail = "N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";
        for head in ["$2a$10$", "$2b$04$", "$2y$31$", "$2b$29$"] {
            assert!(is_bcrypt(&format!("{head}{tail}")), "{head}");
        }
        for head in [
            "$2x$10$", "$2$10$", "$2c$10$", "$2a$03$", "$2a$32$", "$2a$99$", "$2a$1$", "$2a$+9$",
            "2a$10$", "",
        ] {
            assert!(!is_bcrypt(&format!("{head}{tail}")), "{head}");
        }
        for tail in
            [&tail[1..], &format!("{tail}a"), &tail.replace('8', "+"), &tail.replace('8', " "), ""]
        {
            assert!(!is_bcrypt(&format!("$2a$10${tail}")), "{tail}");
        }
        assert!(!is_bcrypt(&format!(" $2a$10${tail}")));
        assert!(!is_bcrypt(&format!("$2a$10${}é", &tail[2..])));
    }

    #[test]
    fn spare_bits_do_not_keep_a_hash_from_being_verified() {
        let hash = bcrypt::hash("hunter2", 4).expect("a hash");
        assert_eq!(without_spare_bits(&hash), hash);
        let next = |place: usize| {
            let value = ALPHABET.find(char::from(hash.as_bytes()[place])).expect("a digit");
            &ALPHABET[value + 1..value + 2]
        };
        let spared = format!("{}{}{}{}", &hash[..28], next(28), &hash[29..59], next(59));
        assert!(is_bcrypt(&spared));
        assert!(bcrypt::verify("hunter2", &spared).is_err());
        assert_eq!(bcrypt::verify("hunter2", &without_spare_bits(&spared)).ok(), Some(true));
        assert_eq!(bcrypt::verify("hunter3", &without_spare_bits(&spared)).ok(), Some(false));
    }

    #[test]
    fn base32_is_stored_in_one_spelling() {
        for (text, expected) in [
            ("JBSWY3DPEHPK3PXP", Ok("JBSWY3DPEHPK3PXP")),
            ("jbsw y3dp ehpk 3pxp", Ok("JBSWY3DPEHPK3PXP")),
            (" MZXW6YQ= ", Ok("MZXW6YQ")),
            ("MY======", Ok("MY")),
            ("my = = = ===", Ok("MY")),
            ("A", Ok("A")),
            ("", Err(Refused::Empty)),
            (" == ", Err(Refused::Empty)),
            ("JBSW1", Err(Refused::Format("base32"))),
            ("JBSW-Y3DP", Err(Refused::Format("base32"))),
            ("MY==MY", Err(Refused::Format("base32"))),
            ("ＪＢ", Err(Refused::Format("base32"))),
            ("MY\t", Err(Refused::Format("base32"))),
        ] {
            assert_eq!(totp_secret(text), expected.map(str::to_owned), "{text}");
        }
        assert!(totp_secret(&"A".repeat(512)).is_ok());
        assert_eq!(totp_secret(&"a".repeat(513)), Err(Refused::TooLong { max: 512, actual: 513 }));
    }
}
