//! The command line: one file a command, and `--help` of each is its reference.
//!
//! A command returns its exit code, or an error whose text is one clear sentence. Answers go to
//! stdout, as a table on a terminal and as JSON elsewhere; everything else goes to stderr.

mod cancel;
mod check_config;
mod client;
mod failures;
mod follow;
pub mod generate;
mod healthcheck;
mod migrate;
mod openapi;
mod output;
mod progress;
mod project;
mod rekey;
mod service;
mod status;
mod submit;
mod summary;
mod tasks;
mod token;

pub use output::StdoutClosed;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::config::{Log, Service};
use crate::telemetry;

/// The command line cannot mean anything, as only a look at its file could tell; exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(String);

#[derive(Debug, Parser)]
#[command(
    version,
    about = "A queue-driven, distributed bulk user import service",
    max_term_width = 100,
    after_help = "The smallest deployment, with Postgres and RabbitMQ running:
  export DATABASE_URL=postgres://... AMQP_URL=amqp://... MASTER_KEY=$(head -c 32 /dev/urandom | base64)
  user-import migrate
  user-import project create demo --key-out demo.pem
  user-import standalone &
  export USER_IMPORT_PROJECT=demo USER_IMPORT_KEY_FILE=demo.pem
  user-import generate 20000 > users.ndjson
  user-import submit users.ndjson --identifier email"
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the HTTP API and publishes chunks to the broker
    #[command(after_help = "Example:\n  user-import api --listen 0.0.0.0:8080")]
    Api(Box<Service>),
    /// Consumes chunks; run as many as you like
    #[command(after_help = "Example:\n  user-import worker --worker-listen 0.0.0.0:8081")]
    Worker(Box<Service>),
    /// Runs API and worker in one process: the smallest deployment
    #[command(after_help = "Example:\n  user-import standalone --listen 127.0.0.1:8080")]
    Standalone(Box<Service>),
    /// Brings the schema up to date; safe to run twice and from two places at once
    Migrate(migrate::Arguments),
    /// Seals anew, under the first master key, what an older one sealed
    Rekey(rekey::Arguments),
    /// Makes projects, their keys and their settings
    Project(project::Arguments),
    /// Signs an Admin API token and prints it
    Token(token::Arguments),
    /// Imports a JSON, NDJSON or CSV file and waits for its end
    Submit(submit::Arguments),
    /// Shows a task
    Status(status::Arguments),
    /// Watches a task to its end
    Follow(follow::Arguments),
    /// Lists a task's failed records and why they failed
    Failures(failures::Arguments),
    /// Stops a pending task; what is applied stays
    Cancel(cancel::Arguments),
    /// Lists the project's tasks, newest first
    Tasks(tasks::Arguments),
    /// Writes N realistic, unique users, the same for the same seed
    Generate(generate::Arguments),
    /// Prints every setting in force, and refuses combinations that cannot work
    #[command(after_help = "Example:\n  user-import check-config --worker-concurrency 8")]
    CheckConfig(Box<Service>),
    /// Prints the OpenAPI document of everything that an API serves
    Openapi(openapi::Arguments),
    /// Asks this machine's own process whether it is ready; for containers without a shell
    Healthcheck(healthcheck::Arguments),
}

impl Cli {
    /// Runs the command to its end. Logs and spans are sent before it returns.
    pub async fn run(self) -> Result<ExitCode> {
        let (log, name) = self.command.telemetry();
        // Dropped last, and with it flushed, however the command ends.
        let _telemetry = telemetry::init(&log, name)?;
        self.command.run().await
    }
}

impl Command {
    /// A service logs as it is set; another command shows warnings, and sends no spans.
    fn telemetry(&self) -> (Log, &'static str) {
        match self {
            Self::Api(config) => (config.log.clone(), "user-import-api"),
            Self::Worker(config) => (config.log.clone(), "user-import-worker"),
            Self::Standalone(config) => (config.log.clone(), "user-import"),
            _ => {
                let text = Log {
                    log_format: Some("text".to_owned()),
                    filter: "warn".to_owned(),
                    otel_exporter_otlp_endpoint: None,
                };
                (text, "user-import-cli")
            }
        }
    }

    async fn run(self) -> Result<ExitCode> {
        match self {
            Self::Api(config) => service::api(*config).await.map(|()| ExitCode::SUCCESS),
            Self::Worker(config) => service::worker(*config).await.map(|()| ExitCode::SUCCESS),
            Self::Standalone(config) => {
                service::standalone(*config).await.map(|()| ExitCode::SUCCESS)
            }
            Self::Migrate(args) => migrate::run(args).await.map(|()| ExitCode::SUCCESS),
            Self::Rekey(args) => rekey::run(args).await.map(|()| ExitCode::SUCCESS),
            Self::Project(args) => project::run(args).await.map(|()| ExitCode::SUCCESS),
            Self::Token(args) => token::run(args).await.map(|()| ExitCode::SUCCESS),
            Self::Submit(args) => submit::run(args).await,
            Self::Status(args) => status::run(args).await,
            Self::Follow(args) => follow::run(args).await,
            Self::Failures(args) => failures::run(args).await,
            Self::Cancel(args) => cancel::run(args).await,
            Self::Tasks(args) => tasks::run(args).await,
            Self::Generate(args) => generate::run(&args),
            Self::CheckConfig(config) => check_config::run(&config),
            Self::Openapi(args) => openapi::run(&args),
            Self::Healthcheck(args) => healthcheck::run(args).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_help_of_every_command_shows_an_example() {
        let cli = Cli::command();
        cli.clone().debug_assert();
        for command in cli.get_subcommands() {
            let mut leaves: Vec<_> = command.get_subcommands().collect();
            if leaves.is_empty() {
                leaves.push(command);
            }
            for leaf in leaves {
                let help = leaf.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(
                    help.contains("Example") && help.contains("user-import"),
                    "{}",
                    leaf.get_name()
                );
            }
        }
    }
}
