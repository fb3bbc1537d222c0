//! The NDJSON files that are imported, made before any clock starts.

use serde_json::{Map, Value};
use user_import::cli::generate::record;

/// Lines, and how many of them there are.
pub struct File {
    pub users: u64,
    pub body: Vec<u8>,
}

fn file(users: u64, line: impl Fn(u64) -> String) -> File {
    File { users, body: (0..users).flat_map(|i| (line(i) + "\n").into_bytes()).collect() }
}

fn parsed(seed: u64, index: u64) -> Map<String, Value> {
    serde_json::from_str(&record(seed, index)).expect("generated records are objects")
}

/// Users that nobody has.
pub fn fresh(seed: u64, users: u64) -> File {
    file(users, |i| record(seed, i))
}

/// The same users with three fields changed.
pub fn changed(seed: u64, users: u64) -> File {
    file(users, |i| {
        let mut user = parsed(seed, i);
        for name in ["name", "nickname", "locale"] {
            user.insert(name.to_owned(), if name == "locale" { "en-AU" } else { "Changed" }.into());
        }
        Value::Object(user).to_string()
    })
}

/// New users, but for so many in a hundred whose email is there.
pub fn some_known(there: u64, seed: u64, users: u64, percent: u64) -> File {
    file(users, |i| record(if i % 100 < percent { there } else { seed }, i))
}

/// New users, but for so many in a hundred whose phone number is another user's.
pub fn some_taken(there: u64, seed: u64, users: u64, percent: u64) -> File {
    file(users, |i| {
        if i % 100 >= percent {
            return record(seed, i);
        }
        let mut user = parsed(seed, i);
        user.insert("phone_number".to_owned(), parsed(there, i)["phone_number"].clone());
        Value::Object(user).to_string()
    })
}
