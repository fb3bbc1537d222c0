//! `user-import token`: an Admin API token on stdout.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use jiff::SignedDuration;

use super::output;
use crate::project::key::sign_token;

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  curl -H \"Authorization: Bearer $(user-import token --project demo --key demo.pem)\" \
                        http://127.0.0.1:8080/_api/admin/users/import"
)]
pub struct Arguments {
    /// The project that the token acts as.
    #[arg(long)]
    project: String,
    /// The private key that `project create` or `project add-key` wrote.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// How long the token is good.
    #[arg(long, default_value = "1h", value_parser = lifetime)]
    ttl: Duration,
}

#[expect(clippy::unused_async, reason = "every command is run alike")]
pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let pem = std::fs::read_to_string(&arguments.key)
        .with_context(|| format!("the key file {} cannot be read", arguments.key.display()))?;
    output::line(&sign_token(&pem, &arguments.project, arguments.ttl)?)
}

fn lifetime(text: &str) -> Result<Duration, String> {
    let wrong = || "a lifetime looks like 90s, 30m, 1h or 36h".to_owned();
    let lifetime: SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(lifetime).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_is_read_with_its_unit() {
        assert_eq!(lifetime("1h").unwrap(), Duration::from_hours(1));
        assert_eq!(lifetime("90s").unwrap(), Duration::from_secs(90));
        for wrong in ["", "1", "-1h", "1y", "soon"] {
            assert!(lifetime(wrong).is_err(), "{wrong}");
        }
    }
}
