//! What each record is, and what it has to become.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::harness::bcrypt_hash;
use crate::random::Random;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A user of its own.
    New,
    /// No valid record.
    Bad,
    /// The user of an earlier record, by its index.
    Again(u64),
}

#[derive(Debug)]
pub struct Oracle {
    seed: u64,
    kinds: Vec<Kind>,
}

impl Oracle {
    /// One in 50 is bad and one in 50 comes again, seldom from another chunk: those wait.
    pub fn new(seed: u64, records: u64) -> Self {
        let mut random = Random(!seed);
        let mut kinds: Vec<Kind> = Vec::new();
        for index in 0..records {
            let reach = if random.below(20) == 0 { 2000 } else { 20 };
            let earlier = index.saturating_sub(1 + random.below(reach));
            let kind = match random.below(50) {
                0 => Kind::Bad,
                1 if index > 0 && kinds[earlier as usize] == Kind::New => Kind::Again(earlier),
                _ => Kind::New,
            };
            kinds.push(kind);
        }
        Self { seed, kinds }
    }

    fn email(&self, index: u64) -> String {
        format!("chaos{index}.{}@example.com", self.seed)
    }

    /// The records as NDJSON.
    pub fn body(&self) -> String {
        let mut body = String::new();
        for (index, kind) in (0..).zip(&self.kinds) {
            let line = match kind {
                Kind::Bad => r#"{"email":"no address"}"#.to_owned(),
                Kind::New | Kind::Again(_) => {
                    let whose = if let Kind::Again(earlier) = kind { *earlier } else { index };
                    let (email, hash) = (self.email(whose), bcrypt_hash(index as usize));
                    format!(
                        r#"{{"email":"{email}","password":{{"type":"bcrypt","password_hash":"{hash}"}},"name":"{index}"}}"#
                    )
                }
            };
            body.push_str(&line);
            body.push('\n');
        }
        body
    }

    pub fn inserted(&self) -> u64 {
        self.kinds.iter().filter(|kind| **kind == Kind::New).count() as u64
    }

    pub fn records(&self) -> u64 {
        self.kinds.len() as u64
    }

    /// Each record has the outcome that was known beforehand, and a doubled one its first's user.
    pub fn check(&self, seen: &Value) {
        assert_eq!(seen["details"].as_array().unwrap().len(), self.kinds.len());
        self.check_some(seen);
    }

    /// As [`Self::check`], of a task that was cancelled: some chunks may have no details.
    pub fn check_some(&self, seen: &Value) {
        let details = seen["details"].as_array().unwrap();
        let by_index: BTreeMap<u64, &Value> =
            details.iter().map(|detail| (detail["index"].as_u64().unwrap(), detail)).collect();
        let mut users = BTreeSet::new();
        for (index, detail) in &by_index {
            let kind = self.kinds[*index as usize];
            let outcome = match kind {
                Kind::New => "inserted",
                Kind::Bad => "failed",
                Kind::Again(_) => "skipped",
            };
            assert_eq!(detail["outcome"], outcome, "record {index}, seed {}: {detail}", self.seed);
            match kind {
                Kind::New => {
                    assert!(users.insert(detail["user_id"].as_str().unwrap()), "twice: {detail}");
                }
                Kind::Bad => {
                    assert_eq!(detail["errors"][0]["reason"], "ValidationFailed", "{detail}");
                }
                Kind::Again(earlier) => {
                    assert_eq!(detail["user_id"], by_index[&earlier]["user_id"], "{detail}");
                }
            }
        }
    }
}
