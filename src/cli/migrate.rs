//! `user-import migrate`: brings the schema up to date.

use clap::Args;

use super::output;
use crate::config::Database;
use crate::pg;

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  DATABASE_URL=postgres://postgres@127.0.0.1:5432/user_import user-import migrate\n\n\
                        Needs a session of its own: give the address of Postgres, not of PgBouncer."
)]
pub struct Arguments {
    #[command(flatten)]
    database: Database,
}

/// Safe to run twice and from two places at once: the second waits for the first.
pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let pool = pg::connect(&arguments.database)?;
    match pg::migrate(&pool).await? {
        0 => output::line("the schema is up to date"),
        1 => output::line("1 migration applied; the schema is up to date"),
        applied => output::line(&format!("{applied} migrations applied; the schema is up to date")),
    }
}
