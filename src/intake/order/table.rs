//! A map from a hash of 48 bits to a number of 32, by extendible hashing.
//!
//! The top bits of a hash pick a page, the rest a slot in it; a page that is full is split in
//! two. So the map grows by a page at a time: no rehash of the whole ever stalls an upload, and
//! what does not fit into memory lies in the file from its first byte on. A page is two thirds
//! full on average, which makes 15 bytes an entry.

use super::Error;
use super::pages::{PAGE_BYTES, Page, Pages, Room};

const HASH_BITS: u32 = 48;
/// Six bytes of hash, of which 0 says that the slot is free, and four of value.
const SLOT_BYTES: usize = 10;
const SLOTS: usize = PAGE_BYTES / SLOT_BYTES;
/// Probes get long in a page that is fuller than 94 %.
const ENTRIES_MAX: u16 = 384;

pub(super) struct Table {
    pages: Pages,
    /// By page number: entries in it, and how many bits of a hash they have in common.
    meta: Vec<Meta>,
    /// By the top `depth` bits of a hash: the page.
    directory: Vec<u32>,
    depth: u32,
    scratch: Box<Page>,
}

#[derive(Clone, Copy)]
struct Meta {
    entries: u16,
    depth: u8,
}

impl Table {
    pub fn new(room: Room) -> Self {
        Self {
            pages: Pages::new(room),
            meta: Vec::new(),
            directory: Vec::new(),
            depth: 0,
            scratch: Box::new([0; PAGE_BYTES]),
        }
    }

    /// Sets the value for a hash and returns the one before.
    ///
    /// Two keys with the same upper 48 bits of hash are taken for one: with 30 million keys that
    /// happens to one or two of them.
    pub fn replace(&mut self, hash: u64, value: u32) -> Result<Option<u32>, Error> {
        let hash = (hash >> (64 - HASH_BITS)).max(1);
        if self.directory.is_empty() {
            self.add_page(0)?;
            self.directory.push(0);
        }
        loop {
            let number = self.directory[top_bits(hash, self.depth)];
            let page = self.pages.get(number, &mut self.scratch)?;
            let slot = find(page, hash);
            let before = read(page, slot);
            if before.is_none() && self.meta[number as usize].entries == ENTRIES_MAX {
                self.split(number)?;
                continue;
            }
            if before.is_none_or(|(_, before)| before != value) {
                self.pages.write(number, slot * SLOT_BYTES, &slot_bytes(hash, value))?;
            }
            self.meta[number as usize].entries += u16::from(before.is_none());
            return Ok(before.map(|(_, value)| value));
        }
    }

    /// Moves the entries whose next bit is set to a page of their own.
    fn split(&mut self, number: u32) -> Result<(), Error> {
        let depth = u32::from(self.meta[number as usize].depth);
        if depth == self.depth {
            self.directory = self.directory.iter().flat_map(|&page| [page, page]).collect();
            self.depth += 1;
        }
        let other = self.add_page(depth as u8 + 1)?;
        let old = *self.pages.get(number, &mut self.scratch)?;
        let mut halves: [Page; 2] = [[0; PAGE_BYTES]; 2];
        let mut entries = [0, 0];
        for (hash, value) in (0..SLOTS).filter_map(|slot| read(&old, slot)) {
            let half = top_bits(hash, depth + 1) & 1;
            let slot = find(&halves[half], hash);
            halves[half][slot * SLOT_BYTES..][..SLOT_BYTES]
                .copy_from_slice(&slot_bytes(hash, value));
            entries[half] += 1;
        }
        for (half, page) in [number, other].into_iter().enumerate() {
            self.pages.write(page, 0, &halves[half])?;
            self.meta[page as usize] = Meta { entries: entries[half], depth: depth as u8 + 1 };
        }
        let step = self.depth - depth - 1;
        for (place, page) in self.directory.iter_mut().enumerate() {
            if *page == number && (place >> step) & 1 == 1 {
                *page = other;
            }
        }
        Ok(())
    }

    fn add_page(&mut self, depth: u8) -> Result<u32, Error> {
        let number = self.pages.add()?;
        self.meta.push(Meta { entries: 0, depth });
        Ok(number)
    }
}

fn top_bits(hash: u64, count: u32) -> usize {
    (hash >> (HASH_BITS - count)) as usize
}

/// The slot that holds the hash, or the free one where it belongs.
fn find(page: &Page, hash: u64) -> usize {
    // The lower 24 bits pick the slot: the upper ones are the same for all of a page.
    let mut slot = (((hash & 0xff_ffff) * SLOTS as u64) >> 24) as usize;
    while read(page, slot).is_some_and(|(found, _)| found != hash) {
        slot = (slot + 1) % SLOTS;
    }
    slot
}

fn read(page: &Page, slot: usize) -> Option<(u64, u32)> {
    let bytes = &page[slot * SLOT_BYTES..][..SLOT_BYTES];
    let mut hash = [0; 8];
    hash[..6].copy_from_slice(&bytes[..6]);
    let hash = u64::from_le_bytes(hash);
    let value = u32::from_le_bytes(bytes[6..].try_into().expect("four bytes are left"));
    (hash != 0).then_some((hash, value))
}

fn slot_bytes(hash: u64, value: u32) -> [u8; SLOT_BYTES] {
    let mut bytes = [0; SLOT_BYTES];
    bytes[..6].copy_from_slice(&hash.to_le_bytes()[..6]);
    bytes[6..].copy_from_slice(&value.to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::intake::order::budget::Budget;

    /// Numbers that look random and are the same in every run (splitmix64).
    fn scrambled(number: u64) -> u64 {
        let mut z = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn room(memory: u64, disk: u64) -> Room {
        Room { memory: Budget::new(memory), disk: Budget::new(disk), folder: None }
    }

    fn agrees_with_a_hash_map(memory: u64) {
        let mut table = Table::new(room(memory, 1 << 30));
        let mut model = HashMap::new();
        for turn in 0..60_000u32 {
            let hash = scrambled(scrambled(u64::from(turn)) % 25_000);
            assert_eq!(table.replace(hash, turn).unwrap(), model.insert(hash, turn), "turn {turn}");
        }
    }

    #[test]
    fn it_agrees_with_a_hash_map_in_memory() {
        agrees_with_a_hash_map(1 << 30);
    }

    #[test]
    fn it_agrees_with_a_hash_map_half_in_the_file() {
        agrees_with_a_hash_map(40 * PAGE_BYTES as u64);
    }

    #[test]
    fn it_agrees_with_a_hash_map_wholly_in_the_file() {
        agrees_with_a_hash_map(0);
    }

    #[test]
    fn a_full_disk_is_an_error_and_all_room_comes_back() {
        let room = room(2 * PAGE_BYTES as u64, 3 * PAGE_BYTES as u64);
        let mut table = Table::new(room.clone());
        let full = (0..).find_map(|turn| table.replace(scrambled(turn), 1).err()).unwrap();
        assert!(matches!(full, Error::DiskFull));
        drop(table);
        assert!(room.memory.take(2 * PAGE_BYTES as u64) && room.disk.take(3 * PAGE_BYTES as u64));
    }

    #[test]
    fn an_entry_takes_less_than_sixteen_bytes_on_average() {
        let mut table = Table::new(room(1 << 30, 0));
        let mut bytes = 0.0;
        for turn in 0..200_000u32 {
            table.replace(scrambled(u64::from(turn)), 0).unwrap();
            bytes += (table.meta.len() * PAGE_BYTES) as f64 / f64::from(turn + 1);
        }
        let average = bytes / 200_000.0;
        assert!(average < 16.5, "{average}");
    }
}
