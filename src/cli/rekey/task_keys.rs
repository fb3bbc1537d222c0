//! The keys of open tasks. A payload stays as it is: only the key that opens it is wrapped anew.

use super::{BATCH, Batch, Count};
use crate::pg::{self, Pool};
use crate::seal::MasterKeys;

/// A place before every task.
const START: (i32, i64) = (i32::MIN, i64::MIN);

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
    behind: (i32, i64),
) -> Result<Option<(Count, (i32, i64))>, pg::Error> {
    let mut client = pool.get().await?;
    let transaction = client.transaction().await?;
    let stale = transaction.prepare_cached(include_str!("stale_task_keys.sql")).await?;
    let rows = transaction.query(&stale, &[&behind.0, &behind.1, &old, &BATCH]).await?;
    let Some(last) = rows.last().map(|row| (row.get(0), row.get(1))) else { return Ok(None) };
    let mut batch = Batch::new();
    for row in &rows {
        let (project, task) = (row.get(0), row.get(1));
        let key = keys.unwrap_key(project, task, row.get(2), row.get(3));
        batch.push((project, task), key.ok().map(|key| keys.wrap(project, task, &key)));
    }
    let update = "UPDATE import_task_key SET master_key_id = $3, wrapped_key = $4 \
                  WHERE project = $1 AND task = $2";
    let update = transaction.prepare_cached(update).await?;
    for ((project, task), wrapped) in &batch.done {
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
            [project, task, &wrapped.master_key_id, &wrapped.bytes];
        transaction.execute(&update, &values).await?;
    }
    transaction.commit().await?;
    Ok(Some((batch.count, last)))
}
