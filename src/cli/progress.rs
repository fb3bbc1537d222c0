//! How far something is: a bar on a terminal, a plain line every few seconds elsewhere.
//!
//! Drawn on stderr, so that stdout holds the answer alone.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, HumanDuration, ProgressBar, ProgressFinish, ProgressStyle};

use super::output::{note, thousands};

/// Often enough to see that it moves, seldom enough for a log file.
const LINE_INTERVAL: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Bytes,
    Records,
}

pub struct Progress {
    title: &'static str,
    unit: Unit,
    total: Option<u64>,
    begin: Instant,
    /// Where it stood when it was first seen: what another command did has no part in the rate.
    first: Option<u64>,
    shown: Shown,
}

enum Shown {
    Bar(ProgressBar),
    Lines { last: Instant },
}

impl Progress {
    /// `total` is what it comes to, where that is known.
    pub fn new(title: &'static str, unit: Unit, total: Option<u64>) -> Self {
        let begin = Instant::now();
        let shown = if std::io::stderr().is_terminal() {
            Shown::Bar(bar(title, unit, total))
        } else {
            Shown::Lines { last: begin }
        };
        Self { title, unit, total, begin, first: (unit == Unit::Bytes).then_some(0), shown }
    }

    pub fn set(&mut self, position: u64) {
        let first = *self.first.get_or_insert(position);
        let took = self.begin.elapsed();
        match &mut self.shown {
            Shown::Bar(bar) => {
                bar.set_message(self.unit.rate(position - first, took));
                bar.set_position(position);
            }
            Shown::Lines { last } if last.elapsed() >= LINE_INTERVAL => {
                *last = Instant::now();
                note(&line(self.title, self.unit, (first, position), self.total, took));
            }
            Shown::Lines { .. } => {}
        }
    }

    /// A sentence above the bar.
    pub fn note(&self, sentence: &str) {
        match &self.shown {
            Shown::Bar(bar) => bar.suspend(|| note(sentence)),
            Shown::Lines { .. } => note(sentence),
        }
    }

    /// Leaves the bar where it stands, with what it came to instead of the time left.
    pub fn finish(self) {
        if let Shown::Bar(bar) = self.shown {
            let template = match self.unit {
                Unit::Bytes => "{prefix:9} [{bar:20}] {bytes}, {msg}",
                Unit::Records => "{prefix:9} [{bar:20}] {human_pos} of {human_len}, {msg}",
            };
            bar.set_style(style(template));
            bar.abandon();
        }
    }
}

fn bar(title: &'static str, unit: Unit, total: Option<u64>) -> ProgressBar {
    let template = match (unit, total) {
        (Unit::Bytes, Some(_)) => {
            "{prefix:9} [{bar:20}] {bytes} of {total_bytes}, {msg}, {eta} left"
        }
        (Unit::Bytes, None) => "{prefix:9} {spinner} {bytes}, {msg}, {elapsed}",
        (Unit::Records, _) => "{prefix:9} [{bar:20}] {human_pos} of {human_len}, {msg}, {eta} left",
    };
    let bar = total.map_or_else(ProgressBar::no_length, ProgressBar::new);
    // Ctrl-C is echoed onto a line of its own, below the bar that stays; only that line is cleared.
    bar.with_style(style(template)).with_prefix(title).with_finish(ProgressFinish::AndClear)
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates are good").progress_chars("=> ")
}

fn line(
    title: &str,
    unit: Unit,
    (first, position): (u64, u64),
    total: Option<u64>,
    took: Duration,
) -> String {
    let rate = unit.rate(position - first, took);
    let Some(total) = total.filter(|total| *total > 0) else {
        return format!("{title}: {}, {rate}", unit.amount(position));
    };
    let percent = position * 100 / total;
    let left = match position - first {
        0 => "unknown time left".to_owned(),
        moved => {
            let seconds = took.as_secs_f64() * (total - position.min(total)) as f64 / moved as f64;
            format!("{} left", HumanDuration(Duration::from_secs_f64(seconds)))
        }
    };
    let (position, total) = (unit.amount(position), unit.amount(total));
    format!("{title}: {position} of {total} ({percent} %), {rate}, {left}")
}

impl Unit {
    fn amount(self, amount: u64) -> String {
        match self {
            Self::Bytes => HumanBytes(amount).to_string(),
            Self::Records => thousands(amount),
        }
    }

    fn rate(self, moved: u64, took: Duration) -> String {
        let seconds = took.as_secs_f64();
        let rate = if seconds > 0.0 { (moved as f64 / seconds) as u64 } else { 0 };
        match self {
            Self::Bytes => format!("{}/s", HumanBytes(rate)),
            Self::Records => format!("{} users/s", thousands(rate)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_how_fast_and_how_long() {
        let text = line("imported", Unit::Records, (0, 5000), Some(20_000), Duration::from_secs(5));
        assert_eq!(text, "imported: 5,000 of 20,000 (25 %), 1,000 users/s, 15 seconds left");
        let text =
            line("imported", Unit::Records, (5000, 5000), Some(20_000), Duration::from_secs(1));
        assert_eq!(text, "imported: 5,000 of 20,000 (25 %), 0 users/s, unknown time left");
        let text = line("uploaded", Unit::Bytes, (0, 2048), None, Duration::from_secs(2));
        assert_eq!(text, "uploaded: 2.00 KiB, 1.00 KiB/s");
    }
}
