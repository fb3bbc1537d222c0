//! The ids of new users.
//!
//! Those of one attempt at a chunk follow each other, however many chunks are in work beside it: so
//! the users of a file lie together in the primary key, and are found together when the file is
//! sent again (`identifiers.rs`).

use uuid::{ContextV7, NoContext, Timestamp, Uuid};

/// UUIDv7 of one moment, told apart by a counter that begins anywhere (RFC 9562, section 6.2,
/// method 1) and 32 random bits.
pub struct Ids {
    context: ContextV7,
    seconds: u64,
    nanos: u32,
}

impl Ids {
    pub fn new() -> Self {
        let (seconds, nanos) = Timestamp::now(NoContext).to_unix();
        Self { context: ContextV7::new(), seconds, nanos }
    }

    pub fn next(&self) -> Uuid {
        Uuid::new_v7(Timestamp::from_unix(&self.context, self.seconds, self.nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_a_chunk_follow_each_other_and_no_other_chunk_comes_between() {
        let chunks: Vec<Ids> = (0..4).map(|_| Ids::new()).collect();
        // In turns, as chunks in work beside each other take them.
        let mut ids: Vec<(usize, Uuid)> = (0..2_000)
            .flat_map(|_| chunks.iter().enumerate().map(|(chunk, ids)| (chunk, ids.next())))
            .collect();
        assert!(ids.iter().all(|(_, id)| id.get_version_num() == 7));
        for chunk in 0..chunks.len() {
            let own = ids.iter().filter(|(of, _)| *of == chunk).map(|(_, id)| *id);
            assert!(own.is_sorted());
        }
        ids.sort_unstable_by_key(|(_, id)| *id);
        let runs = 1 + ids.windows(2).filter(|pair| pair[0].0 != pair[1].0).count();
        assert_eq!(runs, chunks.len());
    }
}
