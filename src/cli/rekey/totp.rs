//! TOTP secrets, the one secret of the directory that has to be opened again.

use uuid::Uuid;

use super::{BATCH, Batch, Count};
use crate::pg::{self, Pool};
use crate::seal::MasterKeys;

/// A place before every user.
const START: (i32, Uuid) = (i32::MIN, Uuid::nil());

pub(super) async fn rekey(
    pool: &Pool,
    keys: &MasterKeys,
    old: &[String],
) -> Result<Count, pg::Error> {
    let (mut count, mut behind) = (Count::default(), START);
    while let Some((batch, last)) = step(pool, keys, old, behind).await? {
        count.add(batch);
        behind = last;
    }
    Ok(count)
}

/// One batch, committed, and its last place; none where nothing is left.
async fn step(
    pool: &Pool,
    keys: &MasterKeys,
    old: &[String],
    behind: (i32, Uuid),
) -> Result<Option<(Count, (i32, Uuid))>, pg::Error> {
    let mut client = pool.get().await?;
    let transaction = client.transaction().await?;
    let stale = transaction.prepare_cached(include_str!("stale_totp.sql")).await?;
    let rows = transaction.query(&stale, &[&behind.0, &behind.1, &old, &BATCH]).await?;
    let Some(last) = rows.last().map(|row| (row.get(0), row.get(1))) else { return Ok(None) };
    let mut batch = Batch::new();
    for row in &rows {
        let (project, user) = (row.get(0), row.get(1));
        let secret = keys.open_totp(project, user, row.get(2), row.get(3));
        batch.push((project, user), secret.ok().map(|it| keys.seal_totp(project, user, &it)));
    }
    let update = "UPDATE user_secret SET totp_key_id = $3, totp_secret = $4 \
                  WHERE project = $1 AND user_id = $2";
    let update = transaction.prepare_cached(update).await?;
    for ((project, user), sealed) in &batch.done {
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
            [project, user, &sealed.master_key_id, &sealed.bytes];
        transaction.execute(&update, &values).await?;
    }
    transaction.commit().await?;
    Ok(Some((batch.count, last)))
}
