//! A small generator of numbers that gives the same for the same seed, on every machine and in
//! every release.
//!
//! `SplitMix64` (Steele, Lea, Flood 2014): a counter and a mixer, so that every user has a stream of
//! its own and can be made without the users before.

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

pub struct Random(u64);

impl Random {
    /// The stream of user `index` of `seed`.
    pub fn of(seed: u64, index: u64) -> Self {
        Self(mix(mix(seed.wrapping_add(GOLDEN)).wrapping_add(index)))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// A number below `bound`. Not exactly even, which nobody can see for bounds this small.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    pub fn one_in(&mut self, bound: u64) -> bool {
        self.below(bound) == 0
    }

    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len() as u64) as usize]
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
