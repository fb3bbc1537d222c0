//! The janitor's statements. Each is small, claims with `SKIP LOCKED`, and may be cut short.

use crate::pg::{Client, Error};

/// Marks uploads gone that were not touched for ten minutes: their process died.
pub async fn abandon_uploads(client: &Client) -> Result<u64, Error> {
    let statement = client.prepare_cached(include_str!("abandon_uploads.sql")).await?;
    Ok(client.execute(&statement, &[]).await?)
}

/// Marks tasks gone that ended longer ago than their retention.
pub async fn retire_tasks(client: &Client, retention_seconds: u32) -> Result<u64, Error> {
    let statement = client.prepare_cached(include_str!("retire_tasks.sql")).await?;
    Ok(client.execute(&statement, &[&f64::from(retention_seconds)]).await?)
}

/// Shreds a batch of payloads of cancelled tasks.
pub async fn shred_payloads(client: &Client) -> Result<u64, Error> {
    let statement = client.prepare_cached(include_str!("shred_payloads.sql")).await?;
    Ok(client.execute(&statement, &[]).await?)
}

/// Deletes a batch of chunks of tasks that are gone.
pub async fn delete_chunks(client: &Client) -> Result<u64, Error> {
    let statement = client.prepare_cached(include_str!("delete_chunks.sql")).await?;
    Ok(client.execute(&statement, &[]).await?)
}

/// Deletes tasks that are gone and have no chunk left.
pub async fn delete_tasks(client: &Client) -> Result<u64, Error> {
    let statement = client.prepare_cached(include_str!("delete_tasks.sql")).await?;
    Ok(client.execute(&statement, &[]).await?)
}
