//! What a reviewer would otherwise have to look for: who uses whom, how long things are, and that
//! nothing stands beside what it claims.
//!
//! The rules are those of the project's design; an exception is named in a list with its reason,
//! and an exception that nobody needs any more fails too.

#![allow(clippy::unwrap_used, reason = "a test that cannot read the source tree has failed")]

#[path = "tidy/claims.rs"]
mod claims;
#[path = "tidy/deploy.rs"]
mod deploy;
#[path = "tidy/imports.rs"]
mod imports;
#[path = "tidy/mutants.rs"]
mod mutants;
#[path = "tidy/sizes.rs"]
mod sizes;
#[path = "tidy/source.rs"]
mod source;

use source::{files, read};

/// Panics with every complaint at once, so that one run shows all there is to do.
fn assert_none(rule: &str, complaints: &[String]) {
    assert!(complaints.is_empty(), "{rule}:\n  {}", complaints.join("\n  "));
}

#[test]
fn modules_use_only_what_the_design_lets_them_use() {
    let complaints: Vec<String> =
        files("src", "rs").iter().flat_map(|f| imports::complaints(f)).collect();
    assert_none("a module uses another that the design keeps from it", &complaints);
}

#[test]
fn files_and_functions_are_short() {
    let mut complaints = Vec::new();
    for folder in ["src", "tests", "benches", "fuzz"] {
        for file in files(folder, "rs") {
            complaints.extend(sizes::complaints(&file));
        }
    }
    complaints.extend(sizes::stale_exceptions());
    assert_none("too long, or an exception that nobody needs", &complaints);
}

#[test]
fn every_sql_file_is_included_exactly_once() {
    assert_none("an .sql file and its include_str! do not match", &claims::sql_complaints());
}

#[test]
fn every_guarantee_names_a_test_that_exists() {
    assert_none("the Guarantees of README.md", &claims::guarantee_complaints());
}

#[test]
fn every_metric_of_a_rule_or_a_dashboard_exists() {
    assert_none("a metric that nobody records", &deploy::metric_complaints());
}

#[test]
fn every_alert_says_what_it_means_what_is_seen_and_what_to_do() {
    assert_none("deploy/prometheus/rules.yml and docs/operations.md", &deploy::alert_complaints());
}

#[test]
fn every_setting_of_a_manifest_exists() {
    assert_none("a setting that nobody reads", &deploy::setting_complaints());
}

#[test]
fn every_dependency_is_used() {
    assert_none("a dependency that nothing uses", &claims::dependency_complaints());
}

#[test]
fn nothing_is_left_to_do_in_the_source() {
    // Put together here, so that this file does not hold them.
    let marks =
        ["TO\u{44}O", "FIX\u{4d}E", "XX\u{58}", "dbg\u{21}", "todo\u{21}", "unimplemented\u{21}"];
    let mut complaints = Vec::new();
    for file in files("src", "rs").into_iter().chain(files("src", "sql")) {
        for (number, line) in read(&file).lines().enumerate() {
            if let Some(mark) = marks.iter().find(|mark| line.contains(**mark)) {
                complaints.push(format!("{}:{}: {mark}", file.display(), number + 1));
            }
        }
    }
    assert_none("unfinished", &complaints);
}

#[test]
fn no_text_points_out_of_the_repository() {
    assert_none("a path that exists on one machine only", &claims::foreign_path_complaints());
}

#[test]
fn every_mutant_still_applies_and_names_its_tests() {
    assert_none("the patches of tests/mutants", &mutants::complaints());
}

#[test]
fn the_import_rule_sees_a_forbidden_use() {
    let use_of_a_stage = "use crate::{import::task, relay::claim};\nfn f() { crate::apply::go(); }";
    let found = imports::uses("intake/mod.rs", use_of_a_stage);
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["apply", "import", "relay"]);
    assert!(imports::uses("pg/pool.rs", "use super::super::web;").contains("web"));
    assert!(imports::uses("seal.rs", "// crate::pg\nlet s = \"crate::pg\";").is_empty());
}

#[test]
fn the_metric_rule_sees_a_metric_in_an_expression() {
    let expression = "sum by (le) (rate(user_import_chunk_seconds_bucket{way=\"x\"}[5m])) > 1";
    let found = deploy::metrics_in(expression);
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["user_import_chunk_seconds_bucket"]);
}

#[test]
fn the_length_rule_counts_a_function_by_its_braces() {
    let body = "    let s = \"}\"; let c = '{'; // }\n".repeat(71);
    let found =
        sizes::functions(&format!("fn long<'a>(s: &'a str) {{\n{body}}}\nfn short() {{}}\n"));
    assert_eq!(found, [("long".to_owned(), 73), ("short".to_owned(), 1)]);
}
