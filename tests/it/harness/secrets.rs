//! Where a canary must not be.

use std::path::PathBuf;
use std::process::Command;

use base64::Engine;

use super::{CANARY, World};

/// How a secret looks in bytes, in hexadecimal and in base64, wherever it begins there.
pub fn encodings_of(secret: &str) -> Vec<Vec<u8>> {
    let hex = hex(secret.as_bytes());
    let mut all = vec![secret.to_owned(), hex.to_uppercase(), hex];
    for shift in 0..3 {
        let mut bytes = vec![0; shift];
        bytes.extend_from_slice(secret.as_bytes());
        let text = base64::engine::general_purpose::STANDARD_NO_PAD.encode(&bytes);
        // What its neighbours share with it is left out.
        let start = (shift * 8).div_ceil(6);
        let end = bytes.len() * 8 / 6;
        all.push(text[start..end].to_owned());
    }
    all.into_iter().map(String::into_bytes).collect()
}

pub fn hex(bytes: &[u8]) -> String {
    let digit = |digit: u8| char::from(b"0123456789abcdef"[usize::from(digit)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Where in `bytes` one of the canary's spellings stands.
pub fn find_canary(bytes: &[u8]) -> Option<usize> {
    encodings_of(CANARY).iter().find_map(|needle| find(bytes, needle))
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let first = needle[0];
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| *byte == first) {
        if bytes[from + at..].starts_with(needle) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

pub fn assert_no_secret_in_logs(world: &World) {
    for (file, text) in world.logs() {
        if let Some(at) = find_canary(text.as_bytes()) {
            let start = text[..at].rfind('\n').unwrap_or(0);
            panic!(
                "{} holds a secret: {}",
                file.display(),
                text[start..].lines().nth(1).unwrap_or_default()
            );
        }
    }
}

/// A dump of the database holds a secret nowhere but in the two columns made for them.
pub async fn assert_no_secret_in_database(world: &World) {
    let output = Command::new(pg_dump())
        .args(["--exclude-table-data=user_secret", &world.database.url])
        .output()
        .expect("pg_dump runs");
    assert!(output.status.success(), "pg_dump: {}", String::from_utf8_lossy(&output.stderr));
    if let Some(at) = find_canary(&output.stdout) {
        let around =
            String::from_utf8_lossy(&output.stdout[at.saturating_sub(200)..][..300]).into_owned();
        panic!("the dump holds a secret: {around}");
    }
    for row in world
        .database
        .rows("SELECT totp_secret FROM user_secret WHERE totp_secret IS NOT NULL", &[])
        .await
    {
        assert_eq!(find_canary(row.get(0)), None, "a TOTP secret stands unsealed in its column");
    }
}

pub fn pg_dump() -> PathBuf {
    postgres_program("pg_dump")
}

/// A client program of the newest PostgreSQL that is installed; Debian keeps them off the PATH.
pub fn postgres_program(name: &str) -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut found: Vec<PathBuf> = folders
        .map(|entry| entry.unwrap().path().join("bin").join(name))
        .filter(|path| path.exists())
        .collect();
    found.sort();
    found.pop().unwrap_or_else(|| PathBuf::from(name))
}
