//! How fast a task moves and how long it still takes.

use std::collections::VecDeque;

/// What is older says little about now: a task waits behind others, and workers come and go.
const WINDOW_SECONDS: f64 = 10.0;
/// A rate over less is noise: a chunk of a thousand records is counted at one instant.
const SPAN_SECONDS_MIN: f64 = 1.0;

/// The looks of the last seconds, each by the database's clock since the task was received.
#[derive(Debug, Default)]
pub(super) struct Pace(VecDeque<(f64, u64)>);

impl Pace {
    /// Records a second, after a look that saw `done` at `seconds`.
    pub fn see(&mut self, seconds: f64, done: u64) -> f64 {
        self.0.push_back((seconds, done));
        // The last look before the window stays: it is where the window begins.
        while self.0.get(1).is_some_and(|(at, _)| *at <= seconds - WINDOW_SECONDS) {
            self.0.pop_front();
        }
        match self.0.front() {
            Some((at, before)) if seconds - at >= SPAN_SECONDS_MIN => {
                rate(done.saturating_sub(*before), seconds - at)
            }
            _ => rate(done, seconds),
        }
    }
}

/// To a tenth, as people read it.
pub(super) fn rate(records: u64, seconds: f64) -> f64 {
    let rate = if seconds > 0.0 { records as f64 / seconds } else { 0.0 };
    (rate * 10.0).round() / 10.0
}

/// Whole seconds, rounded up, so that 0 means the end. None while nothing moves.
pub(super) fn eta_seconds(left: u64, rate: f64) -> Option<u64> {
    match left {
        0 => Some(0),
        _ if rate > 0.0 => Some((left as f64 / rate).ceil() as u64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tenths can be compared, floats only nearly.
    fn tenths(rate: f64) -> u64 {
        (rate * 10.0).round() as u64
    }

    #[test]
    fn a_rate_is_of_the_last_seconds_and_of_the_whole_at_first() {
        let mut pace = Pace::default();
        assert_eq!(tenths(pace.see(100.0, 5000)), 500);
        assert_eq!(tenths(pace.see(100.5, 5000)), 498);
        assert_eq!(tenths(pace.see(102.0, 7000)), 10_000);
        for second in 103..=120 {
            pace.see(f64::from(second), 7000);
        }
        assert_eq!(tenths(pace.see(120.25, 7000)), 0);
        assert!(pace.0.len() < 13, "old looks are dropped");
    }

    #[test]
    fn the_time_left_is_rounded_up_and_unknown_while_nothing_moves() {
        for (left, rate, eta) in
            [(0, 0.0, Some(0)), (10, 0.0, None), (10, 3.0, Some(4)), (9, 3.0, Some(3))]
        {
            assert_eq!(eta_seconds(left, rate), eta, "{left} at {rate}");
        }
        assert_eq!(tenths(rate(5, 0.0)), 0);
    }
}
