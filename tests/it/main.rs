//! The service against real servers, an area a module.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(
    clippy::disallowed_methods,
    reason = "the harness starts processes and reads where the servers are"
)]

mod again;
mod answers;
mod auth;
mod cancel;
mod commands;
mod contract;
mod crash;
mod csv;
mod delivery;
mod directory;
mod events;
mod example;
mod fairness;
mod frozen;
mod harness;
mod health;
mod intake;
mod janitor;
mod json;
mod lease;
mod lifecycle;
mod model;
mod naughty;
mod order;
mod plans;
mod poison;
mod proxied;
mod refusal;
mod rekey;
mod report;
mod restore;
mod rivals;
mod roles;
mod rolling;
mod secrets;
mod swap;
mod tenancy;
mod tls;
mod trace;
mod upload;
mod upsert_table;
