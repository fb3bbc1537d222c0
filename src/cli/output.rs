//! Answers on stdout: for a person on a terminal, for a program elsewhere.

use std::io::{ErrorKind, IsTerminal, Write};

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::Value;

/// The reader of stdout has gone, as `head` does; the command ends quietly.
#[derive(Debug, thiserror::Error)]
#[error("stdout is closed")]
pub struct StdoutClosed;

/// Whether a command answers in JSON.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Form {
    /// Answer in JSON also on a terminal
    #[arg(long)]
    json: bool,
}

impl Form {
    pub fn is_json(self) -> bool {
        self.json || !std::io::stdout().is_terminal()
    }
}

/// Writes `bytes` and returns once they have left the process.
pub fn write(bytes: &[u8]) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    checked(stdout.write_all(bytes).and_then(|()| stdout.flush()))
}

/// What became of a write to stdout: a reader that has gone is told apart.
pub fn checked(written: std::io::Result<()>) -> Result<()> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(StdoutClosed.into()),
        other => other.context("stdout cannot be written"),
    }
}

pub fn line(text: &str) -> Result<()> {
    write(format!("{text}\n").as_bytes())
}

pub fn json(value: &Value) -> Result<()> {
    pretty(value)
}

/// For a person's eyes and for `jq` alike: indented, its members in their order.
pub fn pretty(value: &impl Serialize) -> Result<()> {
    line(&serde_json::to_string_pretty(value)?)
}

/// A sentence beside the answer. Nothing depends on it, so a closed stderr does no harm.
pub fn note(sentence: &str) {
    let _ = writeln!(std::io::stderr(), "{sentence}");
}

/// Names with what belongs to each, one a line. Numbers end below each other.
pub fn pairs(pairs: &[(&str, String)]) -> Result<()> {
    let names = pairs.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let numbers = pairs.iter().filter(|(_, value)| is_number(value));
    let numbers = numbers.map(|(_, value)| value.len()).max().unwrap_or(0);
    for (name, value) in pairs {
        let value = printable(value);
        if is_number(&value) {
            line(&format!("{name:<names$}  {value:>numbers$}"))?;
        } else {
            line(&format!("{name:<names$}  {value}"))?;
        }
    }
    Ok(())
}

/// A table with its columns aligned, the first line being its head. Numbers stand to the right.
pub fn table(rows: &[Vec<String>]) -> Result<()> {
    write(aligned(rows).as_bytes())
}

fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let clean: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| printable(cell)).collect()).collect();
    let width = |column: usize| {
        clean.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in &clean {
        let cells = row.iter().zip(&widths).map(|(cell, width)| {
            if is_number(cell) { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
        });
        text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

fn is_number(cell: &str) -> bool {
    cell.starts_with(|first: char| first.is_ascii_digit())
        && cell.chars().all(|c| c.is_ascii_digit() || matches!(c, ',' | '.'))
}

/// What comes from a server or a file may hold control characters, and a terminal obeys them.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// `1234567` as `1,234,567`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_by_three() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(number), text);
        }
    }

    #[test]
    fn a_table_is_aligned_and_obeys_no_control_character() {
        let rows = [["outcome", "users"], ["inserted", "1,000"], ["\u{1b}[2J", "7"]]
            .map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(aligned(&rows), "outcome   users\ninserted  1,000\n\u{fffd}[2J          7\n");
    }
}
