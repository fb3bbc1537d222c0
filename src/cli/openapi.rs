//! `openapi`: the document that an API serves at `/openapi.json`, without one.

use std::process::ExitCode;

use anyhow::Result;

use super::output;
use crate::api::openapi;

/// Prints the OpenAPI 3.1 document of everything that an API serves
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  user-import openapi > openapi.json")]
pub struct Arguments {}

pub fn run(_: &Arguments) -> Result<ExitCode> {
    output::json(&openapi::document())?;
    Ok(ExitCode::SUCCESS)
}
