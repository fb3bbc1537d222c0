//! `healthcheck`: the probe of a container that has no shell and no curl.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::ValueEnum;
use serde_json::Value;

use super::client::ClientError;
use super::output;

/// Shorter than the timeout of any usual probe, so that the answer is ours.
const TIMEOUT: Duration = Duration::from_secs(3);

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Role {
    Api,
    Worker,
    Standalone,
}

/// Asks `/readyz` of this machine's own process; exit code 0 when it is ready, else 1
#[derive(Debug, clap::Args)]
#[command(after_help = "Example, in a compose file:
  healthcheck: {test: [\"CMD\", \"user-import\", \"healthcheck\", \"worker\"]}

Without ROLE, a process that has WORKER_LISTEN set and LISTEN not is asked as a worker.")]
pub struct Arguments {
    /// Which process is asked
    role: Option<Role>,
    /// Where the API listens
    #[arg(long, env)]
    listen: Option<String>,
    /// Where a worker answers
    #[arg(long, env)]
    worker_listen: Option<String>,
}

pub async fn run(args: Arguments) -> Result<ExitCode> {
    let address = own_address(&listener(&args))?;
    let client = reqwest::Client::builder().timeout(TIMEOUT).no_proxy().build()?;
    let request = client.get(format!("http://{address}/readyz"));
    let answer = request.send().await.map_err(|error| ClientError::sending(&error))?;
    let ready = answer.status().is_success();
    let checks = answer.json::<Value>().await.unwrap_or_default();
    output::line(if ready { "ready" } else { "not ready" })?;
    for (name, state) in checks["checks"].as_object().into_iter().flatten() {
        output::line(&format!("{name}: {}", state.as_str().unwrap_or("unknown")))?;
    }
    Ok(if ready { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn listener(args: &Arguments) -> String {
    let worker = match args.role {
        Some(Role::Worker) => true,
        Some(Role::Api | Role::Standalone) => false,
        None => args.listen.is_none() && args.worker_listen.is_some(),
    };
    let (given, default) = if worker {
        (&args.worker_listen, "127.0.0.1:8081")
    } else {
        (&args.listen, "127.0.0.1:8080")
    };
    given.clone().unwrap_or_else(|| default.to_owned())
}

/// A listener on every interface is asked on the loopback.
fn own_address(listener: &str) -> Result<String> {
    let Some((host, port)) = listener.rsplit_once(':') else {
        bail!("there is no listener to ask: it is set to {listener}");
    };
    if port == "0" {
        bail!("a listener that picks its own port cannot be asked; set LISTEN to a fixed port");
    }
    let host = match host {
        "0.0.0.0" | "" => "127.0.0.1",
        "[::]" => "[::1]",
        host => host,
    };
    Ok(format!("{host}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_interface_is_asked_on_the_loopback() {
        for (listener, address) in [
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:8080", "[::1]:8080"),
            ("10.0.0.7:80", "10.0.0.7:80"),
        ] {
            assert_eq!(own_address(listener).unwrap(), address);
        }
        assert!(own_address("127.0.0.1:0").is_err());
        assert!(own_address("none").is_err());
    }
}
