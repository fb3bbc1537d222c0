//! `check-config`: every setting in force, secrets hidden, and what cannot work refused.
//!
//! What is printed comes from the command line's own list of settings, so that a new setting
//! cannot be forgotten here.

use std::process::ExitCode;

use anyhow::Result;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, CommandFactory};

use super::{Cli, output};
use crate::config::Service;

/// Prints first and checks then: what is wrong is seen best beside what is set.
pub fn run(config: &Service) -> Result<ExitCode> {
    let mut command = Cli::command();
    // The command line was read once and is good; here it is read again for the sources.
    let matches = command.get_matches_mut();
    if let Some((name, matches)) = matches.subcommand() {
        let settings =
            command.find_subcommand(name).into_iter().flat_map(clap::Command::get_arguments);
        for setting in settings {
            if let Some(line) = line(setting, matches, config) {
                output::line(&line)?;
            }
        }
    }
    config.check()?;
    Ok(ExitCode::SUCCESS)
}

fn line(setting: &Arg, matches: &ArgMatches, config: &Service) -> Option<String> {
    let name = setting.get_env()?.to_string_lossy();
    let id = setting.get_id().as_str();
    let given = matches.get_raw(id).and_then(|mut values| values.next());
    let value = match given {
        Some(value) => shown(&value.to_string_lossy(), setting.is_hide_env_values_set()),
        None => by_itself(id, config).unwrap_or_else(|| "none".to_owned()),
    };
    let source = match matches.value_source(id) {
        Some(ValueSource::EnvVariable) => "environment",
        Some(ValueSource::CommandLine) => "command line",
        _ => "default",
    };
    Some(format!("{name} = {value}  # {source}"))
}

/// What a setting comes to where it is absent and has no fixed default.
fn by_itself(id: &str, config: &Service) -> Option<String> {
    match id {
        "worker_concurrency" => Some(config.worker.concurrency().to_string()),
        "spill_dir" => Some(std::env::temp_dir().display().to_string()),
        "log_format" => Some("text on a terminal, else json".to_owned()),
        _ => None,
    }
}

/// The value without its secrets: a URL without its password, another secret not at all.
fn shown(value: &str, secret: bool) -> String {
    match value.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", without_password(rest)),
        None if secret => "(hidden)".to_owned(),
        None => value.to_owned(),
    }
}

fn without_password(rest: &str) -> String {
    let (base, query) =
        rest.split_once('?').map_or((rest, None), |(base, query)| (base, Some(query)));
    // The last `@` before the path: a password may hold one that is not escaped.
    let authority_end = base.find('/').unwrap_or(base.len());
    let base = match base[..authority_end].rsplit_once('@').or_else(|| base.rsplit_once('@')) {
        Some((user, _)) => {
            let host = &base[user.len()..];
            let name = user.split_once(':').map_or(user, |(name, _)| name);
            let hidden = if user.contains(':') { ":***" } else { "" };
            format!("{name}{hidden}{host}")
        }
        None => base.to_owned(),
    };
    let Some(query) = query else { return base };
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((key, _)) if key.to_ascii_lowercase().contains("password") => format!("{key}=***"),
        _ => pair.to_owned(),
    });
    format!("{base}?{}", pairs.collect::<Vec<_>>().join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown() {
        for (value, secret, expected) in [
            ("postgres://u:hidden@h:1/db", true, "postgres://u:***@h:1/db"),
            ("postgres://u:hid/den@h:1/db", true, "postgres://u:***@h:1/db"),
            ("postgres://u:hid@den@h/db", true, "postgres://u:***@h/db"),
            (
                "postgres://u@h/db?sslmode=require&password=hidden",
                true,
                "postgres://u@h/db?sslmode=require&password=***",
            ),
            ("amqp://127.0.0.1:5672", true, "amqp://127.0.0.1:5672"),
            ("amqps://guest:hidden@h/%2f", true, "amqps://guest:***@h/%2f"),
            ("a:hiddenhidden,b:hidden", true, "(hidden)"),
            ("http://u:hidden@collector:4317", false, "http://u:***@collector:4317"),
            ("127.0.0.1:8080", false, "127.0.0.1:8080"),
        ] {
            assert_eq!(shown(value, secret), expected);
        }
    }
}
