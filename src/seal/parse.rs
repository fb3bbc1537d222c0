//! From the text of the master key setting to keys with their ids.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::Error;
use super::aead::KEY_BYTES;

/// A key as it was given. `None` where no id was.
pub(super) struct Given {
    pub id: Option<String>,
    pub key: [u8; KEY_BYTES],
}

impl Drop for Given {
    fn drop(&mut self) {
        self.key.fill(0);
        std::hint::black_box(&self.key);
    }
}

/// Reads `KEY`, or `ID:KEY,ID:KEY`.
pub(super) fn parse(text: &str) -> Result<Vec<Given>, Error> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::Empty);
    }
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    let mut keys: Vec<Given> = Vec::new();
    for (place, part) in (1..).zip(&parts) {
        let given = match part.split_once(':') {
            Some((id, key)) => {
                Given { id: Some(parse_id(id, place)?), key: parse_key(key, place)? }
            }
            None if parts.len() == 1 => Given { id: None, key: parse_key(part, place)? },
            None => return Err(Error::NoId { place }),
        };
        if keys.iter().any(|earlier| earlier.id == given.id) {
            return Err(Error::DoubledId { place });
        }
        keys.push(given);
    }
    Ok(keys)
}

fn parse_id(id: &str, place: usize) -> Result<String, Error> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let id = id.trim();
    if (1..=64).contains(&id.len()) && id.chars().all(fits) {
        Ok(id.to_owned())
    } else {
        Err(Error::BadId { place })
    }
}

fn parse_key(text: &str, place: usize) -> Result<[u8; KEY_BYTES], Error> {
    // Key makers differ in padding and in the two last characters of the alphabet.
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let text = text.trim();
    let alphabet =
        if text.contains(['-', '_']) { &alphabet::URL_SAFE } else { &alphabet::STANDARD };
    let bytes = GeneralPurpose::new(alphabet, config).decode(text);
    bytes.ok().and_then(|bytes| bytes.try_into().ok()).ok_or(Error::NotAKey { place })
}

/// The id of a key that was given without one. A hash of 256 random bits tells nothing of them.
pub(super) fn derived_id(key: &[u8; KEY_BYTES]) -> String {
    let hash = digest(&SHA256, &[b"user-import master key id".as_slice(), key].concat());
    hash.as_ref()[..6].iter().fold(String::from("k-"), |id, byte| format!("{id}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const OTHER: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8";

    #[test]
    fn a_plain_key_and_keys_with_ids_are_read() {
        assert_eq!(parse(&format!(" {KEY}\n")).unwrap()[0].id, None);
        let keys = parse(&format!("new:{OTHER}, old:{KEY}")).unwrap();
        assert_eq!(keys[0].id.as_deref(), Some("new"));
        assert_eq!(keys[1].key[31], 31);
    }

    #[test]
    fn a_wrong_text_is_refused_in_one_sentence_without_the_key() {
        for (text, error) in [
            (" ".to_owned(), Error::Empty),
            (KEY[..40].to_owned(), Error::NotAKey { place: 1 }),
            (format!("{KEY},{OTHER}"), Error::NoId { place: 1 }),
            (format!("a:{KEY},{OTHER}"), Error::NoId { place: 2 }),
            (format!("a:{KEY},a:{OTHER}"), Error::DoubledId { place: 2 }),
            (format!("a b:{KEY}"), Error::BadId { place: 1 }),
            (format!("{KEY}:{KEY}"), Error::BadId { place: 1 }),
        ] {
            let found = parse(&text).map(|_| ()).unwrap_err();
            assert_eq!(found, error);
            assert!(!found.to_string().contains(&KEY[..8]) && !found.to_string().contains('\n'));
        }
    }
}
