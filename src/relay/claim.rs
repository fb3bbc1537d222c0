//! Claiming: which chunks are published next, and by nobody else for a lease.

use deadpool_postgres::GenericClient;

use crate::amqp::Lane;
use crate::pg;

/// A chunk that this relay is to publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claimed {
    pub project: i32,
    pub task: i64,
    pub first_index: i64,
    pub record_count: i32,
    /// Which publication this will be, from 1.
    pub published: i32,
}

/// Claims at most `places` due chunks of one lane for `lease_seconds`, fairly, in index order
/// within a task.
///
/// Claims again with what is left until the places are full or nothing is due: shares that a
/// project cannot fill go to the others.
pub async fn claim(
    client: &impl GenericClient,
    lane: Lane,
    places: i64,
    lease_seconds: u32,
) -> Result<Vec<Claimed>, pg::Error> {
    let statement = client.prepare_cached(include_str!("claim.sql")).await?;
    let lease = f64::from(lease_seconds);
    let mut claimed = Vec::new();
    loop {
        let left = places - claimed.len() as i64;
        if left <= 0 {
            break;
        }
        // The address of nothing in particular would do; what matters is that it changes.
        let seed = uuid::Uuid::now_v7().as_u128() as i64;
        let express = lane == Lane::Express;
        let rows = client.query(&statement, &[&left, &seed, &lease, &express]).await?;
        if rows.is_empty() {
            break;
        }
        claimed.extend(rows.iter().map(|row| Claimed {
            project: row.get(0),
            task: row.get(1),
            first_index: row.get(2),
            record_count: row.get(3),
            published: row.get(4),
        }));
    }
    claimed.sort_unstable();
    Ok(claimed)
}
