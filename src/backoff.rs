//! How long to wait before the next try: longer each time, bounded, and never in step.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Doubles from `first` with each attempt up to `most`, then takes a random half of it away, so
/// that those who failed together do not come back together. `attempt` counts from 0.
pub fn delay(attempt: u32, first: Duration, most: Duration) -> Duration {
    jittered(attempt, first, most, RandomState::new().hash_one(attempt))
}

fn jittered(attempt: u32, first: Duration, most: Duration, random: u64) -> Duration {
    let whole = first.saturating_mul(1_u32 << attempt.min(20)).min(most);
    let fraction = f64::from(random as u32) / f64::from(u32::MAX);
    whole.mul_f64(1.0 - fraction / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_grows_is_bounded_and_keeps_at_least_half() {
        let (first, most) = (Duration::from_millis(100), Duration::from_secs(5));
        for (attempt, whole) in [(0, 100), (1, 200), (5, 3200), (6, 5000), (u32::MAX, 5000)] {
            let whole = Duration::from_millis(whole);
            assert_eq!(jittered(attempt, first, most, 0), whole);
            assert_eq!(jittered(attempt, first, most, u64::from(u32::MAX)), whole / 2);
        }
    }
}
