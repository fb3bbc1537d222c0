//! Who may use whom: the table of the design, over the paths that stand in the code.

use std::collections::BTreeSet;
use std::path::Path;

use crate::source::{code, name, read};

/// Nothing of ours stands below these, and everybody but the pure modules may use them.
const BASE: &[&str] = &["config", "shutdown", "telemetry", "metrics", "backoff", "failpoint"];
/// Neither settings nor telemetry reach these: they are handed what they need.
const PURE: &[&str] = &["import", "seal", "chunk"];

const MAY_USE: &[(&str, &[&str])] = &[
    ("config", &[]),
    ("shutdown", &[]),
    ("telemetry", &[]),
    ("metrics", &[]),
    ("backoff", &[]),
    ("failpoint", &[]),
    ("import", &[]),
    ("seal", &["import"]),
    ("chunk", &["import", "seal"]),
    ("pg", &["import"]),
    ("amqp", &["import"]),
    ("project", &["import", "pg"]),
    ("web", &["import", "pg", "project"]),
    ("intake", &["import", "seal", "chunk", "project", "pg", "web"]),
    ("report", &["import", "seal", "chunk", "project", "pg", "web"]),
    ("directory", &["import", "seal", "chunk", "project", "pg", "web"]),
    ("relay", &["import", "pg", "amqp"]),
    ("apply", &["import", "seal", "chunk", "project", "pg", "amqp"]),
    ("janitor", &["pg"]),
    (
        "api",
        &[
            "intake",
            "report",
            "directory",
            "relay",
            "janitor",
            "web",
            "pg",
            "amqp",
            "project",
            "seal",
        ],
    ),
];

/// May use everything: the commands, and the two roots that only name modules.
const FREE: &[&str] = &["cli", "main", "lib"];

pub fn complaints(file: &Path) -> Vec<String> {
    let path = name(file);
    let inside = path.strip_prefix("src/").unwrap_or(&path);
    let module = top_level(inside);
    if FREE.contains(&module.as_str()) {
        return Vec::new();
    }
    let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == module) else {
        return vec![format!(
            "{path}: the module {module} does not stand in the table of tests/tidy"
        )];
    };
    uses(inside, &read(file))
        .into_iter()
        .filter(|used| *used != module && !allowed.contains(&used.as_str()))
        .filter(|used| PURE.contains(&module.as_str()) || !BASE.contains(&used.as_str()))
        .map(|used| format!("{path}: {module} uses {used}"))
        .collect()
}

fn top_level(inside: &str) -> String {
    let first = inside.split('/').next().unwrap_or(inside);
    first.trim_end_matches(".rs").to_owned()
}

/// The top-level modules that a file names, by `crate::` or by climbing out with `super::`.
pub fn uses(inside: &str, text: &str) -> BTreeSet<String> {
    let code: String = code(text)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace(" ::", "::")
        .replace(":: ", "::");
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        if !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            collect(&code[at + "crate::".len()..], &mut found);
        }
    }
    let climb = "super::".repeat(depth(inside));
    for (at, _) in code.match_indices(&climb) {
        if !code[..at].ends_with("super::") && !code[..at].ends_with(|c: char| c.is_alphanumeric())
        {
            collect(&code[at + climb.len()..], &mut found);
        }
    }
    let known = |used: &String| {
        MAY_USE.iter().any(|(name, _)| name == used) || FREE.contains(&used.as_str())
    };
    found.retain(known);
    found
}

/// How many `super::` lead from a file's module to the crate's root.
fn depth(inside: &str) -> usize {
    let folders = inside.matches('/').count();
    if inside.ends_with("/mod.rs") { folders } else { folders + 1 }
}

/// The first names of `rest`: one, or those of a group in braces.
fn collect(rest: &str, found: &mut BTreeSet<String>) {
    let ident = |text: &str| {
        text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>()
    };
    let Some(group) = rest.strip_prefix('{') else {
        found.insert(ident(rest));
        return;
    };
    let mut depth = 0;
    let mut start = 0;
    for (i, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                found.insert(ident(group[start..i].trim()));
                start = i + 1;
            }
            _ => {}
        }
        if c == '}' && start == i + 1 {
            break;
        }
    }
}
