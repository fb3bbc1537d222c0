//! Stands in until the process roles are merged.

use anyhow::{Result, bail};

use crate::config::Service;

pub async fn api(config: Service) -> Result<()> {
    config.check()?;
    bail!("this command is not built yet")
}

pub async fn worker(config: Service) -> Result<()> {
    config.check()?;
    bail!("this command is not built yet")
}

pub async fn standalone(config: Service) -> Result<()> {
    config.check()?;
    bail!("this command is not built yet")
}
