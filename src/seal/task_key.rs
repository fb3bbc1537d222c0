//! The key of one task, under which its records are sealed from intake to outcome.

use super::Error;
use super::aead::{Aead, KEY_BYTES};

/// Lives as long as an upload or a delivery, and no longer. Its memory is cleared on drop.
pub struct TaskKey {
    bytes: [u8; KEY_BYTES],
    aead: Aead,
}

impl TaskKey {
    /// A new random key.
    pub fn generate() -> Self {
        let mut bytes = [0; KEY_BYTES];
        aws_lc_rs::rand::fill(&mut bytes).expect("the system has randomness");
        Self::from_bytes(bytes)
    }

    pub(super) fn from_bytes(bytes: [u8; KEY_BYTES]) -> Self {
        Self { aead: Aead::new(&bytes), bytes }
    }

    pub(super) fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.bytes
    }

    /// Returns sealed bytes that open only with the same associated data.
    pub fn seal(&self, aad: &[u8], plain: &[u8]) -> Vec<u8> {
        self.aead.seal(aad, plain)
    }

    pub fn open(&self, aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Error> {
        self.aead.open(aad, sealed)
    }
}

impl Drop for TaskKey {
    fn drop(&mut self) {
        self.bytes.fill(0);
        // Without it the compiler may leave out a write that nobody reads.
        std::hint::black_box(&self.bytes);
    }
}

impl std::fmt::Debug for TaskKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TaskKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_the_same_associated_data_only() {
        let key = TaskKey::generate();
        let sealed = key.seal(b"here", b"secret");
        assert_eq!(key.open(b"here", &sealed).unwrap(), b"secret");
        assert_eq!(key.open(b"there", &sealed), Err(Error::CannotOpen));
        assert_eq!(TaskKey::generate().open(b"here", &sealed), Err(Error::CannotOpen));
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
    }

    #[test]
    fn two_seals_of_the_same_bytes_differ() {
        let key = TaskKey::generate();
        assert_ne!(key.seal(b"", b"same"), key.seal(b"", b"same"));
    }

    #[test]
    fn changed_or_cut_bytes_do_not_open() {
        let key = TaskKey::generate();
        let sealed = key.seal(b"", b"secret");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(key.open(b"", &changed), Err(Error::CannotOpen));
            assert_eq!(key.open(b"", &sealed[..at]), Err(Error::CannotOpen));
        }
    }
}
