//! As whom the client acts: a token that was given, or a key that signs one whenever it is needed.

use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::ServerArgs;
use crate::project::key;

/// Long enough for clocks that differ by minutes, and short enough to be worth little if it leaks.
const LIFETIME: Duration = Duration::from_mins(10);

pub enum Credentials {
    Token(String),
    Key { project: String, pem: String },
}

impl Credentials {
    pub fn new(args: &ServerArgs) -> Result<Self> {
        let given = |text: &&String| !text.trim().is_empty();
        if let Some(token) = args.token.as_ref().filter(given) {
            return Ok(Self::Token(token.trim().to_owned()));
        }
        let (Some(project), Some(file)) = (args.project.as_ref().filter(given), &args.key_file)
        else {
            bail!(
                "no credentials: set USER_IMPORT_TOKEN, or USER_IMPORT_PROJECT and \
                 USER_IMPORT_KEY_FILE"
            );
        };
        let pem = std::fs::read_to_string(file)
            .with_context(|| format!("USER_IMPORT_KEY_FILE {} cannot be read", file.display()))?;
        Ok(Self::Key { project: project.clone(), pem })
    }

    pub fn token(&self) -> Result<String> {
        match self {
            Self::Token(token) => Ok(token.clone()),
            Self::Key { project, pem } => Ok(key::sign_token(pem, project, LIFETIME)?),
        }
    }
}
