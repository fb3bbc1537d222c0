//! The patches that `make mutants` takes guards away with: each still applies, and names tests.

use std::path::Path;
use std::process::Command;

use crate::source::{code, files, name, read, root};

pub fn complaints() -> Vec<String> {
    let sources: String = files("tests", "rs").iter().map(|file| read(file)).collect();
    let functions = code(&sources);
    let patches = files("tests/mutants", "patch");
    let mut complaints = Vec::new();
    if patches.is_empty() {
        complaints.push("there is no patch in tests/mutants".to_owned());
    }
    for patch in patches {
        let text = read(&patch);
        let head = text.split("\ndiff ").next().unwrap_or_default();
        let told = |label: &str| -> Vec<&str> {
            head.lines().filter_map(|line| line.strip_prefix(label)).collect()
        };
        for label in ["Guard: ", "Off: "] {
            if told(label).len() != 1 {
                complaints.push(format!("{} says `{label}` once", name(&patch)));
            }
        }
        let tests = told("Test: ");
        let stands = |test: &&str| match test.split_once(' ') {
            Some(("it", function)) => functions.contains(&format!("fn {function}(")),
            Some(("chaos", scenario)) => sources.contains(&format!("name: \"{scenario}\"")),
            _ => false,
        };
        if tests.is_empty() || !tests.iter().all(stands) {
            complaints.push(format!("{} names tests that exist: {tests:?}", name(&patch)));
        }
        complaints.extend(refusal(&patch));
    }
    complaints
}

/// What git says against the patch.
fn refusal(patch: &Path) -> Option<String> {
    let mut git = Command::new("git");
    git.args(["apply", "--check"]).arg(patch).current_dir(root());
    // A repository around this one would take the paths for its own.
    if let Some(parent) = root().parent() {
        git.env("GIT_CEILING_DIRECTORIES", parent);
    }
    let output = git.output().expect("git is installed");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (!output.status.success()).then(|| format!("{} does not apply: {said}", name(patch)))
}
