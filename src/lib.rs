//! A queue-driven, distributed bulk user import service.
//!
//! The modules in reading order. The vocabulary and the pure parts come first, then how the
//! process talks to its neighbours, then the four stages that a task passes through. Stages
//! never call each other: they meet only in the tables of Postgres and one message.

pub mod backoff;
pub mod config;
pub mod failpoint;
pub mod metrics;
pub mod shutdown;
pub mod telemetry;

pub mod import;

pub mod chunk;
pub mod seal;

pub mod amqp;
pub mod pg;
pub mod project;
pub mod web;

pub mod apply;
pub mod intake;
pub mod relay;
pub mod report;

pub mod directory;
pub mod janitor;

pub mod api;
pub mod cli;
