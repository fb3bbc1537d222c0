//! Finding users by the task's identifier, where nothing but their id is asked for.
//!
//! A probe for each key, or fewer. Who sends a file again sends it in its order, and then the ids
//! of a chunk's users follow each other, for they were made so (`ids.rs`). So a few keys are asked
//! for, and then all users whose ids lie between those found: walking the primary key takes a third
//! of what a probe for each takes, which is most of what Postgres does for a record that is skipped.

use std::ops::RangeInclusive;

use deadpool_postgres::GenericClient;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};
use uuid::Uuid;

use super::Error;
use crate::import::resolve::KnownUsers;
use crate::import::task::Identifier;

/// Keys that are asked for before the rest, spread over the chunk. Arbitrary, bounded: a fiftieth of
/// a full chunk's.
const SAMPLE: usize = 32;

/// Of fewer keys the sample would be too large a part.
const KEYS_MIN: usize = 8 * SAMPLE;

/// Users that are walked past for each key. Where four chunks were in work beside each other before
/// ids followed each other, up to 2.5 times as many lay between; at 8 a walk costs what it saves.
const WALKED_MAX: usize = 3;

/// Whom to ask for what.
pub struct Identifiers<'a, C> {
    pub client: &'a C,
    pub project: i32,
    pub identifier: Identifier,
}

impl<C: GenericClient> Identifiers<'_, C> {
    /// The users that hold one of the keys.
    pub async fn probe(&self, mut keys: Vec<String>) -> Result<KnownUsers, Error> {
        let held = self.holders(&keys).await?;
        Ok(held.into_iter().map(|(place, id)| (std::mem::take(&mut keys[place]), id)).collect())
    }

    /// The same, and whether most of them were found by walking.
    pub async fn probe_neighbours(&self, keys: Vec<String>) -> Result<(KnownUsers, bool), Error> {
        if keys.len() < KEYS_MIN {
            return Ok((self.probe(keys).await?, true));
        }
        let sample: Vec<_> = keys.iter().step_by(keys.len() / SAMPLE).collect();
        let found = self.holders(&sample).await?.into_iter().map(|(_, id)| id).collect();
        let Some(ids) = neighbourhood(found, sample.len()) else {
            return Ok((self.probe(keys).await?, false));
        };
        let walked = self.walk(&ids, WALKED_MAX * keys.len()).await?;
        // Nobody's, until somebody is found.
        let mut known: KnownUsers = keys.into_iter().map(|key| (key, Uuid::nil())).collect();
        let (keys, ids): (Vec<&str>, Vec<Uuid>) = (walked.get(0), walked.get(1));
        for (key, id) in keys.into_iter().zip(ids) {
            if let Some(known) = known.get_mut(key) {
                *known = id;
            }
        }
        let of_nobody = known.iter().filter(|(_, id)| id.is_nil());
        let rest: Vec<String> = of_nobody.map(|(key, _)| key.clone()).collect();
        let are_neighbours = 2 * rest.len() <= known.len();
        if !rest.is_empty() {
            known.retain(|_, id| !id.is_nil());
            known.extend(self.probe(rest).await?);
        }
        Ok((known, are_neighbours))
    }

    /// Which of the keys are held, by their places, and by whom.
    async fn holders(&self, keys: &[impl ToSql + Sync]) -> Result<Vec<(usize, Uuid)>, Error> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let statement = self.prepare(include_str!("probe_identifiers.sql")).await?;
        let row = self.client.query_one(&statement, &[&self.project, &keys]).await?;
        let (places, ids): (Vec<i64>, Vec<Uuid>) = (row.get(0), row.get(1));
        // Counted from 1.
        Ok(places.into_iter().map(|place| place as usize - 1).zip(ids).collect())
    }

    /// The keys and the ids of the first users from the one id to the other, at most so many.
    async fn walk(&self, ids: &RangeInclusive<Uuid>, max: usize) -> Result<Row, Error> {
        let statement = self.prepare(include_str!("walk_identifiers.sql")).await?;
        let (from, to, max) = (ids.start(), ids.end(), max as i64);
        Ok(self.client.query_one(&statement, &[&self.project, from, to, &max]).await?)
    }

    async fn prepare(&self, sql: &str) -> Result<Statement, Error> {
        let column = format!("{}_key", self.identifier.as_str());
        Ok(self.client.prepare_cached(&sql.replace("COLUMN", &column)).await?)
    }
}

/// From where to where most of the users lie that were found by a sample; `None` if too few were
/// found to think that the others are there.
///
/// One in eight may lie elsewhere: a user of another file, or one that signed up before.
fn neighbourhood(mut found: Vec<Uuid>, sample: usize) -> Option<RangeInclusive<Uuid>> {
    if found.len() * 4 < sample * 3 {
        return None;
    }
    found.sort_unstable();
    let most = found.len() - found.len() / 8;
    let narrowest = found.windows(most).map(bounds).min_by_key(|(start, end)| end - start)?;
    let around = widened(narrowest, 4);
    let near: Vec<Uuid> =
        found.into_iter().filter(|id| (around.0..=around.1).contains(&id.as_u128())).collect();
    // As far beyond the first and the last of the sample as there is between two.
    let (start, end) = widened(bounds(&near), near.len() as u128);
    Some(Uuid::from_u128(start)..=Uuid::from_u128(end))
}

fn bounds(sorted: &[Uuid]) -> (u128, u128) {
    (sorted[0].as_u128(), sorted[sorted.len() - 1].as_u128())
}

/// By a part of its width on both sides.
fn widened((start, end): (u128, u128), part: u128) -> (u128, u128) {
    let beyond = (end - start) / part;
    (start.saturating_sub(beyond), end.saturating_add(beyond))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(numbers: impl Iterator<Item = u128>) -> Vec<Uuid> {
        numbers.map(Uuid::from_u128).collect()
    }

    #[test]
    fn a_neighbourhood_reaches_beyond_the_sample_on_both_sides() {
        let found = ids((0..32).map(|n| 10_000 + 33 * n).rev());
        let around = neighbourhood(found, 32).unwrap();
        assert_eq!(around, Uuid::from_u128(9_969)..=Uuid::from_u128(10_000 + 33 * 31 + 31));
    }

    #[test]
    fn a_few_that_lie_elsewhere_do_not_widen_it() {
        let found = ids((0..30).map(|n| 1_000_000 + n).chain([7, 1 << 100]));
        let around = neighbourhood(found, 32).unwrap();
        assert!(around.start() > &Uuid::from_u128(999_000), "{around:?}");
        assert!(around.end() < &Uuid::from_u128(1_001_000), "{around:?}");
    }

    #[test]
    fn there_is_none_where_most_are_unknown() {
        assert!(neighbourhood(ids(0..24), 32).is_some());
        assert!(neighbourhood(ids(0..23), 32).is_none());
        assert!(neighbourhood(Vec::new(), 32).is_none());
    }

    #[test]
    fn ids_at_the_ends_of_their_range_overflow_nothing() {
        let around = neighbourhood(ids([0, u128::MAX].into_iter()), 2).unwrap();
        assert_eq!(around, Uuid::nil()..=Uuid::max());
    }
}
