//! What one place says of another: SQL files, guarantees, dependencies, paths.

use std::path::PathBuf;

use crate::source::{all_files, code, files, name, read, root};

pub fn sql_complaints() -> Vec<String> {
    let mut included: Vec<PathBuf> = Vec::new();
    for file in files("src", "rs") {
        let text = read(&file);
        for part in text.split("include_str!(\"").skip(1) {
            let relative = part.split('"').next().unwrap_or_default();
            let target = file.parent().unwrap().join(relative);
            included.push(std::fs::canonicalize(&target).unwrap_or(target));
        }
    }
    let mut complaints = Vec::new();
    for sql in files("src", "sql") {
        let real = std::fs::canonicalize(&sql).unwrap();
        let count = included.iter().filter(|path| **path == real).count();
        if count != 1 {
            complaints.push(format!("{} is included {count} times", name(&sql)));
        }
    }
    complaints
}

/// The rows of the table under the heading `Guarantees`: what fails, what happens, the tests.
fn guarantees(readme: &str) -> Vec<[String; 3]> {
    let mut inside = false;
    let mut rows = Vec::new();
    for line in readme.lines() {
        if line.starts_with('#') {
            inside = line.trim_start_matches('#').trim() == "Guarantees";
        }
        let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
        if inside && line.trim_start().starts_with('|') && !cells[0].starts_with("---") {
            let cell = |i: usize| cells.get(i).copied().unwrap_or_default().to_owned();
            rows.push([cell(0), cell(1), cell(2)]);
        }
    }
    // The first row is the header.
    rows.into_iter().skip(1).collect()
}

pub fn guarantee_complaints() -> Vec<String> {
    let readme = root().join("README.md");
    if !readme.exists() {
        return vec!["there is no README.md".to_owned()];
    }
    let sources: String = files("tests", "rs")
        .iter()
        .chain(&files("src", "rs"))
        .map(|file| code(&read(file)))
        .collect();
    let rows = guarantees(&read(&readme));
    let mut complaints = Vec::new();
    if rows.is_empty() {
        complaints.push("there is no table under a heading `Guarantees`".to_owned());
    }
    for [fails, _, tests] in rows {
        let named: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        if named.is_empty() {
            complaints.push(format!("\"{fails}\" names no test"));
        }
        for test in named {
            let function = test.rsplit("::").next().unwrap_or(test);
            let stands =
                ["(", "<"].iter().any(|end| sources.contains(&format!("fn {function}{end}")));
            if !stands {
                complaints.push(format!("\"{fails}\" names {test}, which does not exist"));
            }
        }
    }
    complaints
}

/// The names under a heading of Cargo.toml such as `[dependencies]`.
fn names_under<'a>(manifest: &'a str, heading: &str) -> Vec<&'a str> {
    let lines = manifest.lines().skip_while(|line| *line != heading).skip(1);
    lines
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(" = ").map(|(name, _)| name))
        .collect()
}

pub fn dependency_complaints() -> Vec<String> {
    let manifest = read(&root().join("Cargo.toml"));
    let text = |folders: &[&str]| -> String {
        folders.iter().flat_map(|f| files(f, "rs")).map(|file| code(&read(&file))).collect()
    };
    let (source, everything) = (text(&["src"]), text(&["src", "tests", "benches"]));
    let mut complaints = Vec::new();
    for (heading, code) in [("[dependencies]", &source), ("[dev-dependencies]", &everything)] {
        for dependency in names_under(&manifest, heading) {
            let name = dependency.replace('-', "_");
            if !code.contains(&format!("{name}::")) && !code.contains(&format!("use {name};")) {
                complaints.push(format!("{dependency} of {heading}"));
            }
        }
    }
    complaints
}

pub fn foreign_path_complaints() -> Vec<String> {
    // Put together here, so that this file does not hold them.
    let foreign = ["../shar\u{65}d", "/wor\u{6b}/", "/tmp/w\u{74}", "/roo\u{74}/", "/hom\u{65}/"];
    let mut complaints = Vec::new();
    for file in all_files(root()) {
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        for (number, line) in text.lines().enumerate() {
            if let Some(path) = foreign.iter().find(|path| line.contains(**path)) {
                complaints.push(format!("{}:{}: {path}", name(&file), number + 1));
            }
        }
    }
    complaints
}
