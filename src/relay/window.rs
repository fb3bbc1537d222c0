//! How many more chunks the broker may hold.

use crate::amqp::Depth;

/// Places left in a queue: `in_flight` ready messages at most, or two for each consumer where
/// that is more, so that many workers are never short of work between two steps.
pub fn places(depth: Depth, in_flight: u32) -> i64 {
    let most = in_flight.max(depth.consumers.saturating_mul(2));
    i64::from(most.saturating_sub(depth.ready))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_what_the_queue_lacks() {
        for (ready, consumers, in_flight, expected) in [
            (0, 1, 16, 16),
            (10, 1, 16, 6),
            (16, 1, 16, 0),
            (40, 1, 16, 0),
            (0, 20, 16, 40),
            (0, 0, 16, 16),
        ] {
            assert_eq!(places(Depth { ready, consumers }, in_flight), expected);
        }
    }
}
