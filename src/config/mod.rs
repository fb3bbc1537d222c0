//! Every setting, typed, each an environment variable and a flag, checked together once.
//!
//! Units stand in the names. A constructor takes its own section, so that nobody reaches for the
//! environment later. What cannot work together is refused here, before anything is opened.

mod check;
mod database_url;
mod from_file;
mod sections;

pub use check::ConfigError;
pub use database_url::{DatabaseUrl, TlsMode};
pub use sections::{
    Broker, Database, Http, Intake, Janitor, Keys, Log, Relay, Service, Verify, Worker,
};
