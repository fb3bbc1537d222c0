//! Stands in until the branch `web` is merged.

use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct TokenArgs {}

pub async fn run(args: TokenArgs) -> anyhow::Result<ExitCode> {
    let TokenArgs {} = args;
    anyhow::bail!("this command is not built yet")
}
