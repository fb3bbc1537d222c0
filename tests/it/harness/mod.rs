//! What a test needs: real servers, real processes, a client, and the definition of correct.
//!
//! A test gets a [`World`] of its own: a database cloned from a migrated template, an AMQP
//! prefix, a project with a key and a folder for logs. Processes are started in it, killed when
//! they are dropped, and the world removes the rest after them. Nothing here is a sleep to hope
//! by: [`eventually`] asks again until a deadline and then says what it saw last.

#![allow(
    dead_code,
    unused_imports,
    reason = "three binaries and a bench share it, and none needs all"
)]

mod broker;
mod client;
mod converged;
mod database;
mod document;
mod forge;
mod metrics;
mod otlp;
mod process;
mod proxy;
mod records;
mod secrets;
mod servers;
mod tls;
mod world;

pub use broker::{Broker, Message};
pub use client::{Answer, Client, Upload, answer};
pub use converged::{assert_accounted, assert_clean, assert_converged, assert_settled};
pub use database::Database;
pub use document::Document;
pub use forge::{Chunk, Forged, forge_task};
pub use metrics::Metrics;
pub use otlp::{Receiver, SeenSpan};
pub use process::{Ended, Process, Role, was_killed};
pub use proxy::{Leg, Proxy};
pub use records::{CANARY, bcrypt_hash, full, lines, plain};
pub use secrets::{
    assert_no_secret_in_database, assert_no_secret_in_logs, encodings_of, postgres_program,
};
pub use servers::{Servers, address_of, with_address};
pub use tls::{Authority, Before, TlsFront};
pub use world::World;

use std::fmt::Display;
use std::time::{Duration, Instant};

/// A number from the environment, which the long forms of some tests are given.
pub fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// Returns what `check` gives once it gives it. Fails with what was seen last if that takes more
/// than `seconds`; a deadline says that something hangs, never how fast it has to be.
pub async fn eventually<T, E: Display>(
    what: &str,
    seconds: u64,
    mut check: impl AsyncFnMut() -> Result<T, E>,
) -> T {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    let mut pause = Duration::from_millis(5);
    loop {
        match check().await {
            Ok(value) => return value,
            Err(seen) if Instant::now() > deadline => {
                panic!("not within {seconds} s: {what}; seen last: {seen}")
            }
            Err(_) => tokio::time::sleep(pause).await,
        }
        // Gentle on the two cores that the processes under test share with this one.
        pause = (pause * 2).min(Duration::from_millis(100));
    }
}

/// For [`eventually`]: fine when it holds, else what is shown.
pub fn holds(holds: bool, seen: impl Display) -> Result<(), String> {
    if holds { Ok(()) } else { Err(seen.to_string()) }
}
