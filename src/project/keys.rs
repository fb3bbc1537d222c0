//! The statements on `project_key`: add, list, remove, and load for checking tokens.

use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use serde_json::Value;

use super::Error;
use super::key::NewKey;
use super::store::number;
use crate::pg::{self, Pool};

/// A line of the list of keys.
#[derive(Debug, Clone)]
pub struct KeyListed {
    pub kid: String,
    pub created_at: Timestamp,
    /// From here on it signs nothing any more.
    pub removed_at: Option<Timestamp>,
}

/// What it takes to check a project's tokens, as one statement saw it.
#[derive(Debug, Clone)]
pub struct PublicKeys {
    pub project: String,
    pub number: i32,
    /// As stored: whoever keeps them parses them once, for schemas are compiled with them.
    pub settings: Value,
    pub keys: Vec<PublicKey>,
}

#[derive(Debug, Clone)]
pub struct PublicKey {
    pub kid: String,
    /// RFC 7517.
    pub jwk: Value,
}

/// The keys that sign, of those of `projects` that exist.
pub async fn load_keys(pool: &Pool, projects: &[String]) -> Result<Vec<PublicKeys>, pg::Error> {
    let client = pool.get().await?;
    let load = client.prepare_cached(include_str!("load_keys.sql")).await?;
    let mut loaded: Vec<PublicKeys> = Vec::new();
    for row in client.query(&load, &[&projects]).await? {
        let number: i32 = row.get(1);
        if loaded.last().is_none_or(|last| last.number != number) {
            let settings = row.get(2);
            loaded.push(PublicKeys { project: row.get(0), number, settings, keys: Vec::new() });
        }
        if let (Some(kid), Some(jwk), Some(project)) = (row.get(3), row.get(4), loaded.last_mut()) {
            project.keys.push(PublicKey { kid, jwk });
        }
    }
    Ok(loaded)
}

pub async fn list_keys(pool: &Pool, project: &str) -> Result<Vec<KeyListed>, Error> {
    let client = pool.get().await?;
    let number = number(&client, project).await?;
    let list = "SELECT kid, created_at, removed_at FROM project_key \
                WHERE project = $1 ORDER BY created_at, kid";
    let list = client.prepare_cached(list).await?;
    let rows = client.query(&list, &[&number]).await?;
    let listed = |row: tokio_postgres::Row| KeyListed {
        kid: row.get(0),
        created_at: row.get(1),
        removed_at: row.get(2),
    };
    Ok(rows.into_iter().map(listed).collect())
}

/// Adds the public part. `before_commit` keeps the private one.
pub async fn add_key<E>(
    pool: &Pool,
    project: &str,
    key: &NewKey,
    before_commit: impl FnOnce() -> Result<(), E>,
) -> Result<(), E>
where
    E: From<Error>,
{
    let mut client = pool.get().await.map_err(Error::from)?;
    let transaction = client.transaction().await.map_err(Error::from)?;
    let number = number(&transaction, project).await?;
    insert(&transaction, number, key).await?;
    before_commit()?;
    transaction.commit().await.map_err(|error| Error::from(error).into())
}

/// The key signs nothing any more, from a second later on. Returns how many keys are left.
pub async fn remove_key(pool: &Pool, project: &str, kid: &str) -> Result<i64, Error> {
    let client = pool.get().await?;
    let number = number(&client, project).await?;
    let remove = "UPDATE project_key SET removed_at = now() \
                  WHERE project = $1 AND kid = $2 AND removed_at IS NULL";
    let remove = client.prepare_cached(remove).await?;
    if client.execute(&remove, &[&number, &kid]).await? == 0 {
        return Err(Error::UnknownKey { project: project.to_owned(), kid: kid.to_owned() });
    }
    let count = "SELECT count(*) FROM project_key WHERE project = $1 AND removed_at IS NULL";
    let count = client.prepare_cached(count).await?;
    Ok(client.query_one(&count, &[&number]).await?.get(0))
}

pub(super) async fn insert(
    client: &impl GenericClient,
    number: i32,
    key: &NewKey,
) -> Result<(), Error> {
    let insert = "INSERT INTO project_key (project, kid, public_jwk) VALUES ($1, $2, $3)";
    let insert = client.prepare_cached(insert).await?;
    client.execute(&insert, &[&number, &key.kid, &key.public_jwk]).await?;
    Ok(())
}
