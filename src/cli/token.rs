//! Stands in until the branch `web` is merged.

#[derive(Debug, clap::Args)]
pub struct Arguments {}

pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments {} = arguments;
    anyhow::bail!("this command is not built yet")
}
