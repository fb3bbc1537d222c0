//! The statements of the directory, all of them reads.

use uuid::Uuid;

use super::user::User;
use crate::import::record::LoginId;
use crate::import::task::Identifier;
use crate::pg::{self, Pool};

const USER: &str = include_str!("user.sql");

pub async fn by_id(pool: &Pool, project: i32, id: Uuid) -> Result<Option<User>, pg::Error> {
    let client = pool.get().await?;
    let find = client.prepare_cached(&format!("{USER} WHERE project = $1 AND id = $2")).await?;
    let row = client.query_opt(&find, &[&project, &id]).await?;
    row.map(|row| User::from_row(&row)).transpose()
}

pub async fn by_login_id(
    pool: &Pool,
    project: i32,
    identifier: Identifier,
    login_id: &LoginId,
) -> Result<Option<User>, pg::Error> {
    let column = match identifier {
        Identifier::Email => "email_key",
        Identifier::PhoneNumber => "phone_number_key",
        Identifier::PreferredUsername => "preferred_username_key",
        Identifier::ExternalId => "external_id_key",
    };
    let client = pool.get().await?;
    let find = format!("{USER} WHERE project = $1 AND {column} = $2");
    let find = client.prepare_cached(&find).await?;
    let row = client.query_opt(&find, &[&project, &login_id.key]).await?;
    row.map(|row| User::from_row(&row)).transpose()
}

/// The user's password hash, if it has one; none without the user.
pub async fn password_hash(
    pool: &Pool,
    project: i32,
    id: Uuid,
) -> Result<Option<Option<String>>, pg::Error> {
    let client = pool.get().await?;
    let find = "SELECT user_secret.password_hash \
                FROM directory_user \
                LEFT JOIN user_secret ON user_secret.project = $1 AND user_secret.user_id = $2 \
                WHERE directory_user.project = $1 AND directory_user.id = $2";
    let find = client.prepare_cached(find).await?;
    let row = client.query_opt(&find, &[&project, &id]).await?;
    Ok(row.map(|row| row.get(0)))
}
