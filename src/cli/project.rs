//! Stands in until the branch `web` is merged.

use std::process::ExitCode;

#[derive(Debug, clap::Args)]
pub struct ProjectArgs {}

pub async fn run(args: ProjectArgs) -> anyhow::Result<ExitCode> {
    let ProjectArgs {} = args;
    anyhow::bail!("this command is not built yet")
}
