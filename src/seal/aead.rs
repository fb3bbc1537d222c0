//! AES-256-GCM with a random nonce in front of the ciphertext.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};

use super::Error;

pub(super) const KEY_BYTES: usize = 32;
const TAG_BYTES: usize = 16;

/// One AES key. A random nonce of 96 bits allows 2^32 seals under it (NIST SP 800-38D, 8.3).
pub(super) struct Aead(RandomizedNonceKey);

impl Aead {
    pub fn new(key: &[u8; KEY_BYTES]) -> Self {
        Self(
            RandomizedNonceKey::new(&AES_256_GCM, key)
                .expect("the key is as long as AES-256 wants"),
        )
    }

    /// Returns nonce, ciphertext and tag.
    pub fn seal(&self, aad: &[u8], plain: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(NONCE_LEN + plain.len() + TAG_BYTES);
        sealed.resize(NONCE_LEN, 0);
        sealed.extend_from_slice(plain);
        let (nonce, tag) = self
            .0
            .seal_in_place_separate_tag(Aad::from(aad), &mut sealed[NONCE_LEN..])
            .expect("a plain text is far below the 64 GiB of one seal");
        sealed[..NONCE_LEN].copy_from_slice(nonce.as_ref());
        sealed.extend_from_slice(tag.as_ref());
        sealed
    }

    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let (nonce, rest) = sealed.split_at_checked(NONCE_LEN).ok_or(Error::CannotOpen)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Error::CannotOpen)?;
        let mut plain = rest.to_vec();
        let length = self
            .0
            .open_in_place(nonce, Aad::from(aad), &mut plain)
            .map_err(|_| Error::CannotOpen)?
            .len();
        plain.truncate(length);
        Ok(plain)
    }
}
