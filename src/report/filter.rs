//! Which details a caller asked for.

use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    All,
    Failed,
    Warnings,
    None,
}

/// The little of a detail that decides whether it is shown.
#[derive(Deserialize)]
struct Head<'a> {
    index: u64,
    #[serde(borrow)]
    outcome: &'a str,
    #[serde(borrow)]
    warnings: Option<&'a RawValue>,
}

impl Which {
    /// As the parameter spells them.
    pub const WORDS: [(&'static str, Self); 4] = [
        ("all", Self::All),
        ("failed", Self::Failed),
        ("warnings", Self::Warnings),
        ("none", Self::None),
    ];

    /// Those of comma-joined details whose index lies in `from..until` and that are asked for,
    /// comma-joined. `None` where the text is not what apply writes.
    pub fn pick(self, joined: &[u8], from: u64, until: u64) -> Option<Vec<u8>> {
        let mut picked = Vec::new();
        for detail in split(joined)? {
            let head: Head<'_> = serde_json::from_str(detail.get()).ok()?;
            let asked = match self {
                Self::All => true,
                Self::Failed => head.outcome == "failed",
                Self::Warnings => head.warnings.is_some(),
                Self::None => false,
            };
            if asked && (from..until).contains(&head.index) {
                if !picked.is_empty() {
                    picked.push(b',');
                }
                picked.extend_from_slice(detail.get().as_bytes());
            }
        }
        Some(picked)
    }
}

/// The failed ones of comma-joined details. `None` where the text is not what apply writes.
pub fn failed(joined: &[u8]) -> Option<Vec<Box<RawValue>>> {
    let mut details = split(joined)?;
    let is_failed = |detail: &RawValue| {
        serde_json::from_str::<Head<'_>>(detail.get()).is_ok_and(|head| head.outcome == "failed")
    };
    details.retain(|detail| is_failed(detail));
    Some(details)
}

/// The objects of a comma-joined run, each to the byte.
fn split(joined: &[u8]) -> Option<Vec<Box<RawValue>>> {
    let mut array = Vec::with_capacity(joined.len() + 2);
    array.push(b'[');
    array.extend_from_slice(joined);
    array.push(b']');
    serde_json::from_slice(&array).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOINED: &[u8] = br#"{"index":7,"record":{"name":"a,b"},"outcome":"inserted"},{"index":8,"outcome":"failed","errors":[]},{"index":9,"outcome":"inserted","warnings":[{"message":"m"}]}"#;

    #[test]
    fn a_filter_and_a_window_pick_details_to_the_byte() {
        let pick = |which: Which, from, until| {
            String::from_utf8(which.pick(JOINED, from, until).unwrap()).unwrap()
        };
        assert_eq!(pick(Which::All, 0, 100).as_bytes(), JOINED);
        assert_eq!(pick(Which::Failed, 0, 100), r#"{"index":8,"outcome":"failed","errors":[]}"#);
        assert!(pick(Which::Warnings, 0, 100).starts_with(r#"{"index":9"#));
        assert!(pick(Which::All, 7, 8).ends_with(r#""outcome":"inserted"}"#));
        assert_eq!(pick(Which::Failed, 9, 100), "");
    }
}
