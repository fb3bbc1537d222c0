//! A table of sealed bytes, batch by batch.

use tokio_postgres::types::{FromSqlOwned, ToSql};

use crate::pg::{self, Pool};
use crate::seal::{MasterKeys, Wrapped};

/// Rows in a transaction: some ten milliseconds of locks, and one wait for the disk among many
/// rows instead of one each.
const BATCH: i64 = 500;

/// Where sealed bytes stand. A row's place is its project and an id.
pub(super) struct Table<Id> {
    /// An id before every other.
    pub start: Id,
    /// Gives project, id, master key and sealed bytes of up to `$4` rows behind `($1, $2)` that need
    /// one of the master keys `$3`.
    pub stale: &'static str,
    /// Takes the same four.
    pub update: &'static str,
    /// The bytes under the first master key; none where they do not open.
    pub reseal: fn(&MasterKeys, i32, Id, &str, &[u8]) -> Option<Wrapped>,
}

/// What became of one kind of sealed bytes.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Count {
    pub resealed: usize,
    /// The key is at hand, and the bytes do not open.
    pub damaged: usize,
}

impl<Id: FromSqlOwned + ToSql + Sync + Copy> Table<Id> {
    pub async fn reseal(
        &self,
        pool: &Pool,
        keys: &MasterKeys,
        old: &[String],
    ) -> Result<Count, pg::Error> {
        let (mut count, mut behind) = (Count::default(), (i32::MIN, self.start));
        while let Some(last) = self.step(pool, keys, old, behind, &mut count).await? {
            behind = last;
        }
        Ok(count)
    }

    /// One batch, committed. Returns its last place; none where nothing is left.
    async fn step(
        &self,
        pool: &Pool,
        keys: &MasterKeys,
        old: &[String],
        behind: (i32, Id),
        count: &mut Count,
    ) -> Result<Option<(i32, Id)>, pg::Error> {
        let mut client = pool.get().await?;
        let transaction = client.transaction().await?;
        let stale = transaction.prepare_cached(self.stale).await?;
        let rows = transaction.query(&stale, &[&behind.0, &behind.1, &old, &BATCH]).await?;
        let Some(last) = rows.last().map(|row| (row.get(0), row.get(1))) else { return Ok(None) };
        let update = transaction.prepare_cached(self.update).await?;
        let mut batch = Count::default();
        for row in &rows {
            let (project, id): (i32, Id) = (row.get(0), row.get(1));
            let sealed = (self.reseal)(keys, project, id, row.get(2), row.get(3));
            let Some(Wrapped { master_key_id, bytes }) = sealed else {
                batch.damaged += 1;
                continue;
            };
            transaction.execute(&update, &[&project, &id, &master_key_id, &bytes]).await?;
            batch.resealed += 1;
        }
        transaction.commit().await?;
        count.resealed += batch.resealed;
        count.damaged += batch.damaged;
        Ok(Some(last))
    }
}
