//! Log lines on their way to stderr, behind a bounded queue.
//!
//! Whoever reads the log may stop reading: a pipe fills up, or the disk behind it. Then lines are
//! lost and counted, and no request and no chunk waits for them.

use std::io::Write;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use crate::metrics;

/// A burst of a second or two at the most that is ever logged; 4 MiB of usual lines.
const WAITING_MAX: usize = 8192;

#[derive(Debug)]
enum Order {
    Line(Vec<u8>),
    /// Everything before it was written.
    Tell(SyncSender<()>),
}

/// Takes each line whole, and never waits.
#[derive(Debug, Clone)]
pub struct Lines(SyncSender<Order>);

impl Lines {
    /// A thread of its own writes to `output`.
    pub fn to(output: impl Write + Send + 'static) -> Self {
        let (sender, receiver) = sync_channel(WAITING_MAX);
        std::thread::spawn(move || write_all(&receiver, output));
        Self(sender)
    }

    /// Returns once everything so far was written, or after `limit`.
    pub fn flush_within(&self, limit: Duration) {
        let deadline = Instant::now() + limit;
        let (told, heard) = sync_channel(1);
        while let Err(TrySendError::Full(_)) = self.0.try_send(Order::Tell(told.clone())) {
            if Instant::now() >= deadline {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        // Nobody reads: what is left is lost either way.
        let _ = heard.recv_timeout(deadline.saturating_duration_since(Instant::now()));
    }
}

fn write_all(orders: &Receiver<Order>, mut output: impl Write) {
    for order in orders {
        match order {
            // A reader that went away for good is no reason to stop either.
            Order::Line(line) => drop(output.write_all(&line)),
            Order::Tell(told) => drop(told.send(())),
        }
    }
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        if self.0.try_send(Order::Line(line.to_vec())).is_err() {
            metrics::log_lines_lost(1);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::written::Written;
    use super::*;

    #[test]
    fn lines_arrive_in_order_and_whoever_flushes_finds_them() {
        let written = Written::default();
        let mut lines = Lines::to(written.clone());
        for line in ["one\n", "two\n", "three\n"] {
            lines.write_all(line.as_bytes()).unwrap();
        }
        lines.flush_within(Duration::from_mins(1));
        assert_eq!(*written.bytes(), b"one\ntwo\nthree\n");
    }

    #[test]
    fn an_output_that_nobody_reads_holds_nobody_up() {
        let written = Written::default();
        let mut lines = Lines::to(written.clone());
        let blocked = written.bytes();
        for _ in 0..2 * WAITING_MAX {
            lines.write_all(b"a line\n").unwrap();
        }
        lines.flush_within(Duration::from_millis(50));
        drop(blocked);
        lines.flush_within(Duration::from_mins(1));
        let count = written.bytes().len() / b"a line\n".len();
        assert!((WAITING_MAX..=WAITING_MAX + 1).contains(&count), "{count} lines were kept");
    }
}
