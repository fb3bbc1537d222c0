//! The statements on `project`: make, find, list, settings.

use deadpool_postgres::GenericClient;
use jiff::Timestamp;
use tokio_postgres::types::Json;

use super::key::NewKey;
use super::{Error, check_name, parse_settings};
use crate::import::settings::Settings;
use crate::pg::{Pool, Transaction};

/// A line of the list of projects.
#[derive(Debug, Clone)]
pub struct Listed {
    pub id: String,
    pub settings: Settings,
    pub created_at: Timestamp,
    /// Keys that sign.
    pub keys: i64,
}

/// Makes the project and its first key. `before_commit` keeps the private part: a project whose
/// only key is lost would be of no use.
pub async fn create<E>(
    pool: &Pool,
    name: &str,
    key: &NewKey,
    before_commit: impl FnOnce() -> Result<(), E>,
) -> Result<(), E>
where
    E: From<Error>,
{
    check_name(name)?;
    let mut client = pool.get().await.map_err(Error::from)?;
    let transaction = client.transaction().await.map_err(Error::from)?;
    let insert = "INSERT INTO project (id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING number";
    let insert = transaction.prepare_cached(insert).await.map_err(Error::from)?;
    let row = transaction.query_opt(&insert, &[&name]).await.map_err(Error::from)?;
    let number: i32 = row.ok_or_else(|| Error::Exists(name.to_owned()))?.get(0);
    super::keys::insert(&transaction, number, key).await?;
    before_commit()?;
    transaction.commit().await.map_err(|error| Error::from(error).into())
}

/// The number that every other table knows the project by.
pub async fn number(client: &impl GenericClient, name: &str) -> Result<i32, Error> {
    let find = client.prepare_cached("SELECT number FROM project WHERE id = $1").await?;
    let row = client.query_opt(&find, &[&name]).await?;
    Ok(row.ok_or_else(|| Error::Unknown(name.to_owned()))?.get(0))
}

pub async fn list(pool: &Pool) -> Result<Vec<Listed>, Error> {
    let client = pool.get().await?;
    let list = client.prepare_cached(include_str!("list.sql")).await?;
    let rows = client.query(&list, &[]).await?;
    let listed = |row: tokio_postgres::Row| {
        let Json(settings) = row.try_get(1)?;
        Ok(Listed { id: row.get(0), settings, created_at: row.get(2), keys: row.get(3) })
    };
    rows.into_iter().map(listed).collect()
}

/// The settings as they are now.
pub async fn settings(pool: &Pool, number: i32) -> Result<Settings, crate::pg::Error> {
    let client = pool.get().await?;
    let select = client.prepare_cached("SELECT settings FROM project WHERE number = $1").await?;
    let row = client.query_one(&select, &[&number]).await?;
    let Json(settings) = row.try_get(0)?;
    Ok(settings)
}

/// The settings that hold for a task whose row the same transaction inserts: they cannot change
/// before it commits, and afterwards the open task keeps them from changing.
pub async fn settings_for_new_task(
    transaction: &Transaction<'_>,
    number: i32,
) -> Result<Settings, crate::pg::Error> {
    let select = "SELECT settings FROM project WHERE number = $1 FOR KEY SHARE";
    let select = transaction.prepare_cached(select).await?;
    let row = transaction.query_one(&select, &[&number]).await?;
    let Json(settings) = row.try_get(0)?;
    Ok(settings)
}

/// Changes settings, written as `KEY=VALUE`, all or none.
pub async fn set(pool: &Pool, name: &str, assignments: &[String]) -> Result<Settings, Error> {
    let mut client = pool.get().await?;
    let transaction = client.transaction().await?;
    let number = number(&transaction, name).await?;
    // FOR UPDATE, which a new task's FOR KEY SHARE waits for: a task that began before is seen
    // below, one that begins later reads what is set here.
    let lock = "SELECT settings FROM project WHERE number = $1 FOR UPDATE";
    let lock = transaction.prepare_cached(lock).await?;
    let Json(before) = transaction.query_one(&lock, &[&number]).await?.try_get(0)?;
    let after = parse_settings(&before, assignments)?;
    if login_ids_differ(&before, &after) && in_use(&transaction, number).await? {
        return Err(Error::InUse(name.to_owned()));
    }
    let update = "UPDATE project SET settings = $2 WHERE number = $1";
    let update = transaction.prepare_cached(update).await?;
    transaction.execute(&update, &[&number, &Json(&after)]).await?;
    transaction.commit().await?;
    Ok(after)
}

/// With other rules for login ids, keys that are stored would name nobody any more.
fn login_ids_differ(before: &Settings, after: &Settings) -> bool {
    // Without `..`, so that a new setting cannot be forgotten.
    let login_ids = |settings: &Settings| {
        let Settings {
            email_case_sensitive,
            email_ignore_dot_sign,
            username_case_sensitive,
            username_ascii_only,
            unknown_roles_and_groups: _,
            custom_attributes: _,
        } = *settings;
        [email_case_sensitive, email_ignore_dot_sign, username_case_sensitive, username_ascii_only]
    };
    login_ids(before) != login_ids(after)
}

async fn in_use(client: &impl GenericClient, number: i32) -> Result<bool, Error> {
    let ask = client.prepare_cached(include_str!("in_use.sql")).await?;
    Ok(client.query_one(&ask, &[&number]).await?.get(0))
}
