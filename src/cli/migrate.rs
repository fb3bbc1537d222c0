//! Stands in until the branch `web` is merged.

use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct MigrateArgs {}

pub async fn run(args: MigrateArgs) -> anyhow::Result<ExitCode> {
    let MigrateArgs {} = args;
    anyhow::bail!("this command is not built yet")
}
