//! The migrations, and whether the schema at hand serves this release.

use super::{Error, Pool};

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// This release's number. A migration that no longer serves an older release raises
/// `schema_release.oldest_release_served` above it.
pub const RELEASE: i32 = 1;

/// Of `pg_advisory_lock`; arbitrary, and the same for ever.
pub(super) const MIGRATION_LOCK: i64 = 0x7573_6572_696d_706f;

/// Why `api` and `worker` do not start on a schema.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    #[error(
        "the schema is at version {found} and this release needs {needed}; run `user-import migrate` first"
    )]
    TooOld { found: i32, needed: i32 },
    #[error(
        "the schema no longer serves this release (it serves {oldest} and later, this is {RELEASE}); run a newer release"
    )]
    TooNew { oldest: i32 },
    #[error(transparent)]
    Postgres(#[from] Error),
    #[error("the migration failed and changed nothing: {0}")]
    Migration(String),
}

/// Brings the schema up to date. Safe to run twice and from two places at once: the second waits
/// for the first. Returns how many migrations were applied.
pub async fn migrate(pool: &Pool) -> Result<usize, SchemaError> {
    let mut client = pool.get().await.map_err(Error::from)?;
    // A session lock, for refinery has none of its own; `migrate` must not go through PgBouncer.
    client.execute("SELECT pg_advisory_lock($1)", &[&MIGRATION_LOCK]).await.map_err(Error::from)?;
    let report = embedded::migrations::runner().run_async(&mut **client.as_mut()).await;
    // The lock ends with its session even if this statement cannot be sent.
    client
        .execute("SELECT pg_advisory_unlock($1)", &[&MIGRATION_LOCK])
        .await
        .map_err(Error::from)?;
    let report = report.map_err(|error| SchemaError::Migration(without_data(&error)))?;
    Ok(report.applied_migrations().len())
}

/// Errors if the schema at hand is older than this release needs, or has moved on without it.
pub async fn check_schema(pool: &Pool) -> Result<(), SchemaError> {
    let needed = embedded::migrations::runner()
        .get_migrations()
        .iter()
        .map(refinery::Migration::version)
        .max()
        .expect("there are migrations");
    let client = pool.get().await.map_err(Error::from)?;
    let row = client
        .query_one("SELECT to_regclass('refinery_schema_history') IS NOT NULL", &[])
        .await
        .map_err(Error::from)?;
    if !row.get::<_, bool>(0) {
        return Err(SchemaError::TooOld { found: 0, needed });
    }
    let found: i32 = client
        .query_one("SELECT coalesce(max(version), 0)::int FROM refinery_schema_history", &[])
        .await
        .map_err(Error::from)?
        .get(0);
    if found < needed {
        return Err(SchemaError::TooOld { found, needed });
    }
    let oldest: i32 = client
        .query_one("SELECT oldest_release_served FROM schema_release", &[])
        .await
        .map_err(Error::from)?
        .get(0);
    if oldest > RELEASE {
        return Err(SchemaError::TooNew { oldest });
    }
    Ok(())
}

/// refinery's error without the text of Postgres' DETAIL.
fn without_data(error: &refinery::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
