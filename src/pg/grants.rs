//! What the login roles of `api` and `worker` may do to the tables.
//!
//! Beside the migrations and not among them: which roles there are is the operator's, and a table
//! of a later migration is granted by the same run that makes it.

use super::migrate::MIGRATION_LOCK;
use super::{Error, Pool};

/// Whose process uses a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grantee {
    Api,
    Worker,
}

/// Gives the role what its process needs, and takes from it what else it had on the tables. Run
/// it as the owner of the tables, after [`super::migrate()`]; safe to run twice and from two places
/// at once.
pub async fn grant(pool: &Pool, grantee: Grantee, role: &str) -> Result<(), Error> {
    let statements = match grantee {
        Grantee::Api => include_str!("grants_api.sql"),
        Grantee::Worker => include_str!("grants_worker.sql"),
    };
    // The lock is the transaction's: two that change one table's rights at once would fail.
    let all = format!(
        "BEGIN; SELECT pg_advisory_xact_lock({MIGRATION_LOCK}); {}; COMMIT",
        statements.replace("{role}", &quoted(role)),
    );
    let client = pool.get().await?;
    let outcome = client.batch_execute(&all).await;
    if outcome.is_err() {
        // The transaction is broken, and its connection goes back to the pool.
        let _ = client.batch_execute("ROLLBACK").await;
    }
    Ok(outcome?)
}

/// The name as an identifier, whatever it holds.
fn quoted(role: &str) -> String {
    format!("\"{}\"", role.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_s_name_stays_a_name() {
        assert_eq!(quoted("api"), "\"api\"");
        assert_eq!(quoted("a\"; DROP TABLE x"), "\"a\"\"; DROP TABLE x\"");
    }
}
