//! The vocabulary: what a task, a record, an outcome and a user are, and every rule between them.
//!
//! Pure: no async, no clock, no I/O; ids and times are handed in. Whoever wants to know what an
//! import does to a directory reads this folder and nothing else. Storage, transport and
//! delivery are left to the stages.

pub mod causes;
pub mod definitions;
mod format;
mod glance;
mod json;
pub mod login_id;
pub mod outcome;
pub mod parse;
pub mod password;
pub mod record;
pub mod redact;
pub mod resolve;
pub mod settings;
mod structure;
pub mod task;
pub mod user;
mod warnings;
