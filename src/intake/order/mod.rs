//! The order among chunks: which earlier chunks hold a login id of this one.
//!
//! Records that share a login id are applied in index order, so a chunk waits for each chunk
//! that is the last before it to hold one of its ids; through that one it waits for all. Kept is
//! a keyed hash of each id, never the id; two ids taken for one cost a wait and nothing else.

mod budget;
mod pages;
mod table;

use std::collections::{BTreeSet, HashSet};
use std::hash::{BuildHasher, RandomState};

pub use budget::Budget;
pub use pages::Room;

use crate::import::record::PerIdentifier;
use crate::import::task::Identifier;
use table::Table;

/// Why an order map cannot grow.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("order maps hold SPILL_BYTES on disk already")]
    DiskFull,
    #[error("the order map's file failed")]
    File(#[from] std::io::Error),
}

/// Of one upload.
pub struct Order {
    table: Table,
    key: RandomState,
}

/// The look-ups of one chunk. They block: a map beyond its memory reads a file.
pub struct ChunkOrder<'a> {
    order: &'a mut Order,
    first_index: u32,
    predecessors: BTreeSet<u32>,
    /// Ids of this chunk that an earlier chunk holds too: the map names that one only once.
    shared: HashSet<u64>,
}

impl Order {
    pub fn new(room: Room) -> Self {
        Self { table: Table::new(room), key: RandomState::new() }
    }

    /// Begins the look-ups of the next chunk. Indexes fit 32 bits, for `MAX_TASK_RECORDS` does.
    pub fn chunk(&mut self, first_index: u32) -> ChunkOrder<'_> {
        ChunkOrder {
            order: self,
            first_index,
            predecessors: BTreeSet::new(),
            shared: HashSet::new(),
        }
    }
}

impl ChunkOrder<'_> {
    /// Notes a record's keys. Does an earlier chunk hold one of them?
    pub fn note(&mut self, keys: &PerIdentifier<Option<String>>) -> Result<bool, Error> {
        let mut shares = false;
        for identifier in Identifier::ALL {
            if let Some(key) = keys.get(identifier) {
                shares |= self.note_key(identifier, key)?;
            }
        }
        Ok(shares)
    }

    fn note_key(&mut self, identifier: Identifier, key: &str) -> Result<bool, Error> {
        let hash = self.order.key.hash_one((identifier as u8, key));
        match self.order.table.replace(hash, self.first_index)? {
            None => Ok(false),
            Some(last) if last == self.first_index => Ok(self.shared.contains(&hash)),
            Some(last) => {
                self.predecessors.insert(last);
                self.shared.insert(hash);
                Ok(true)
            }
        }
    }

    /// The first indexes of the chunks that must be applied before this one, ascending.
    pub fn predecessors(self) -> Vec<i64> {
        self.predecessors.into_iter().map(i64::from).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> Order {
        Order::new(Room { memory: Budget::new(1 << 20), disk: Budget::new(0), folder: None })
    }

    fn email(key: &str) -> PerIdentifier<Option<String>> {
        PerIdentifier { email: Some(key.to_owned()), ..PerIdentifier::default() }
    }

    fn chunk(
        order: &mut Order,
        first_index: u32,
        records: &[PerIdentifier<Option<String>>],
    ) -> (Vec<bool>, Vec<i64>) {
        let mut chunk = order.chunk(first_index);
        let shares = records.iter().map(|keys| chunk.note(keys).unwrap()).collect();
        (shares, chunk.predecessors())
    }

    #[test]
    fn a_chunk_waits_for_the_last_chunk_with_each_of_its_ids() {
        let mut order = order();
        assert_eq!(
            chunk(&mut order, 0, &[email("a"), email("b"), email("a")]),
            (vec![false; 3], vec![])
        );
        assert_eq!(chunk(&mut order, 3, &[email("b"), email("c")]), (vec![true, false], vec![0]));
        assert_eq!(
            chunk(&mut order, 5, &[email("d"), email("b"), email("a")]),
            (vec![false, true, true], vec![0, 3])
        );
    }

    #[test]
    fn every_record_of_a_chunk_that_shares_an_id_outside_it_is_marked() {
        let mut order = order();
        chunk(&mut order, 0, &[email("a")]);
        let (shares, _) = chunk(&mut order, 1, &[email("a"), email("b"), email("b"), email("a")]);
        assert_eq!(shares, [true, false, false, true]);
    }

    #[test]
    fn ids_of_two_types_are_two_ids() {
        let mut order = order();
        chunk(&mut order, 0, &[email("a")]);
        let username =
            PerIdentifier { preferred_username: Some("a".to_owned()), ..PerIdentifier::default() };
        assert_eq!(chunk(&mut order, 1, &[username]), (vec![false], vec![]));
    }
}
