//! Sealing: what leaves this process as ciphertext, and under which key.
//!
//! Everything is AES-256-GCM with a random nonce in front, and bound by associated data to the
//! place where it belongs, so that sealed bytes moved elsewhere do not open. Each task has a key
//! of its own, wrapped by the master key; once that is deleted, so are the task's secrets.
//! Pure: keys are handed in, and nothing is read or stored here.

mod aead;
mod master;
mod parse;
mod task_key;

pub use master::{MasterKeys, Wrapped};
pub use task_key::TaskKey;

/// Why keys cannot be used or sealed bytes not be opened. No text shows key material.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error(
        "the master key is empty; make one with `head -c 32 /dev/urandom | base64` and keep it safe"
    )]
    Empty,
    #[error(
        "master key {place} is not 32 bytes in base64; make one with `head -c 32 /dev/urandom | base64`"
    )]
    NotAKey { place: usize },
    #[error("master key {place} lacks its id; several keys are written as `ID:KEY,ID:KEY`")]
    NoId { place: usize },
    #[error("the id of master key {place} may hold 1 to 64 letters, digits, '.', '_' and '-'")]
    BadId { place: usize },
    #[error("master key {place} has the id of an earlier one; give each key an id of its own")]
    DoubledId { place: usize },
    #[error("the master key {0:?} is not among those at hand; add it to MASTER_KEY")]
    UnknownMasterKey(String),
    #[error(
        "sealed bytes cannot be opened: they were changed, belong elsewhere, or the key is another"
    )]
    CannotOpen,
}
