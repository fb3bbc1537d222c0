//! A file is one reason and at most 300 lines; a function is at most 70.

use std::path::Path;

use crate::source::{code, files, name, read};

const FILE_LINES: usize = 300;
const FUNCTION_LINES: usize = 70;

/// What may be longer, and why: a file, or `file::function`.
const EXCEPTIONS: &[(&str, &str)] = &[];

fn is_exception(what: &str) -> bool {
    EXCEPTIONS.iter().any(|(named, _)| *named == what)
}

pub fn complaints(file: &Path) -> Vec<String> {
    all_complaints(file)
        .into_iter()
        .filter(|(what, _)| !is_exception(what))
        .map(|(_, text)| text)
        .collect()
}

/// What is too long in a file: its name in the list of exceptions, and the complaint.
fn all_complaints(file: &Path) -> Vec<(String, String)> {
    let (text, file) = (read(file), name(file));
    let mut found = Vec::new();
    let lines = text.lines().count();
    if lines > FILE_LINES {
        found.push((file.clone(), format!("{file}: {lines} lines, {FILE_LINES} allowed")));
    }
    for (function, lines) in functions(&text) {
        if lines > FUNCTION_LINES {
            let what = format!("{file}::{function}");
            found.push((what.clone(), format!("{what}: {lines} lines, {FUNCTION_LINES} allowed")));
        }
    }
    found
}

pub fn stale_exceptions() -> Vec<String> {
    let all =
        ["src", "tests", "benches", "fuzz"].into_iter().flat_map(|folder| files(folder, "rs"));
    let needed: Vec<String> = all.flat_map(|f| all_complaints(&f)).map(|(what, _)| what).collect();
    EXCEPTIONS
        .iter()
        .filter(|(what, reason)| reason.is_empty() || !needed.iter().any(|needed| needed == what))
        .map(|(what, _)| format!("{what} is an exception without need or without a reason"))
        .collect()
}

/// Every function with a body, and its lines from `fn` to the closing brace.
pub fn functions(text: &str) -> Vec<(String, usize)> {
    let code = code(text);
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let name: String =
            code[at + 3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if let Some(end) = body_end(&code[at..]).filter(|_| !name.is_empty()) {
            found.push((name, code[at..at + end].lines().count()));
        }
    }
    found
}

/// Where the body ends that begins after a signature; none for a signature without one.
fn body_end(code: &str) -> Option<usize> {
    let (mut parens, mut braces) = (0, 0);
    for (i, c) in code.char_indices() {
        match c {
            '(' | '[' if braces == 0 => parens += 1,
            ')' | ']' if braces == 0 => parens -= 1,
            ';' if braces == 0 && parens == 0 => return None,
            '{' => braces += 1,
            '}' if braces == 1 => return Some(i + 1),
            '}' => braces -= 1,
            _ => {}
        }
    }
    None
}
