//! The fence, and what is learnt behind it.

use deadpool_postgres::GenericClient;

use super::Error;
use crate::chunk::ChunkRef;
use crate::import::settings::Settings;
use crate::import::task::{Identifier, Options};
use crate::seal::{MasterKeys, TaskKey};

/// What holds for a chunk that this transaction, and no other, may apply.
pub struct Fenced {
    pub options: Options,
    pub settings: Settings,
    /// Of the request that brought the task.
    pub traceparent: Option<String>,
    pub key: TaskKey,
    /// How often this chunk was started alone and did not come back.
    pub starts: i32,
}

/// Takes the fence. `None`: there is nothing to do for this delivery.
pub async fn fence(
    client: &impl GenericClient,
    keys: &MasterKeys,
    chunk: &ChunkRef,
) -> Result<Option<Fenced>, Error> {
    let statement = client.prepare_cached(include_str!("fence.sql")).await?;
    let row = client
        .query_opt(
            &statement,
            &[&chunk.project, &chunk.task, &chunk.first_index, &chunk.record_count],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    let master_key_id: Option<&str> = row.get(4);
    let wrapped: Option<&[u8]> = row.get(5);
    let (Some(master_key_id), Some(wrapped)) = (master_key_id, wrapped) else {
        return Err(Error::NoKey);
    };
    let key = keys.unwrap_key(chunk.project, chunk.task, master_key_id, wrapped)?;
    let identifier = Identifier::parse(row.get(0)).ok_or(Error::Damaged)?;
    let settings: serde_json::Value = row.get(6);
    Ok(Some(Fenced {
        options: Options { identifier, upsert: row.get(1), dry_run: row.get(2) },
        settings: serde_json::from_value(settings).map_err(|_| Error::Damaged)?,
        traceparent: row.get(3),
        key,
        starts: row.get(7),
    }))
}
