//! `user-import migrate`: brings the schema up to date.

use anyhow::Context;
use clap::Args;

use super::output;
use crate::config::Database;
use crate::pg::{self, Grantee};

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  DATABASE_URL=postgres://postgres@127.0.0.1:5432/user_import user-import migrate\n\n\
                        Needs a session of its own: give the address of Postgres, not of PgBouncer."
)]
pub struct Arguments {
    #[command(flatten)]
    database: Database,
    /// The login role of `api`, which is granted what it needs; none if absent.
    #[arg(long, env)]
    database_api_role: Option<String>,
    /// The login role of `worker`, likewise.
    #[arg(long, env)]
    database_worker_role: Option<String>,
}

/// Safe to run twice and from two places at once: the second waits for the first.
pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let pool = pg::connect(&arguments.database)?;
    let told = match pg::migrate(&pool).await? {
        0 => "the schema is up to date".to_owned(),
        1 => "1 migration applied; the schema is up to date".to_owned(),
        applied => format!("{applied} migrations applied; the schema is up to date"),
    };
    output::line(&told)?;
    let roles = [
        (Grantee::Api, arguments.database_api_role),
        (Grantee::Worker, arguments.database_worker_role),
    ];
    for (grantee, role) in roles {
        let Some(role) = role else { continue };
        let granted = pg::grant(&pool, grantee, &role).await;
        granted.with_context(|| format!("the role {role} cannot be granted what it needs"))?;
        output::line(&format!("{role} may do what it needs, and nothing else"))?;
    }
    Ok(())
}
