//! What the files below deploy/ say of the program: its metrics, its settings, its alerts.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::source::{all_files, files, name, read, root};

/// The end of a series that Prometheus makes of a histogram.
const OF_A_HISTOGRAM: [&str; 3] = ["_bucket", "_sum", "_count"];

/// Every metric that the program records, as it stands in the one list of them.
fn known_metrics() -> BTreeSet<String> {
    let list = read(&root().join("src/metrics/names.rs"));
    let literals = list.split('"').skip(1).step_by(2);
    literals.filter(|text| text.starts_with("user_import_")).map(str::to_owned).collect()
}

/// The words of a text that begin as a metric's name does.
pub fn metrics_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with("user_import_")).map(str::to_owned).collect()
}

pub fn metric_complaints() -> Vec<String> {
    let known = known_metrics();
    let is_known = |word: &String| {
        let of = OF_A_HISTOGRAM.iter().find_map(|end| word.strip_suffix(end));
        known.contains(word) || of.is_some_and(|name| known.contains(name))
    };
    let mut complaints = Vec::new();
    let mut seen = BTreeSet::new();
    for file in watching() {
        let used = metrics_in(&read(&file));
        let unknown = used.iter().filter(|word| !is_known(word));
        complaints.extend(unknown.map(|word| format!("{} asks for {word}", name(&file))));
        seen.extend(used);
    }
    if seen.is_empty() {
        complaints.push("no rule and no dashboard asks for anything".to_owned());
    }
    complaints
}

/// Rules, dashboards, and what scales by a metric.
fn watching() -> Vec<PathBuf> {
    let mut found = files("deploy/prometheus", "yml");
    found.extend(files("deploy/grafana", "json"));
    for scaler in ["kubernetes/base/autoscaling.yaml", "helm/user-import/templates/worker.yaml"] {
        found.push(root().join("deploy").join(scaler));
    }
    found
}

/// Each alert and its section in docs/operations.md.
pub fn alert_complaints() -> Vec<String> {
    let rules = read(&root().join("deploy/prometheus/rules.yml"));
    let operations = read(&root().join("docs/operations.md"));
    let alerts: Vec<&str> =
        rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    let mut complaints = Vec::new();
    for alert in &alerts {
        let heading = format!("\n### {alert}\n");
        let section = operations.split(&heading).nth(1).unwrap_or_default();
        let section = section.split("\n#").next().unwrap_or_default();
        for part in ["Means:", "Seen:", "Do:"] {
            if !section.contains(part) {
                complaints.push(format!("{alert} has no `{part}` in docs/operations.md"));
            }
        }
        let anchor = format!("runbook: docs/operations.md#{}", alert.to_lowercase());
        if !rules.contains(&anchor) {
            complaints.push(format!("{alert} lacks `{anchor}`"));
        }
    }
    let headings = operations.lines().filter_map(|line| line.strip_prefix("### UserImport"));
    for heading in headings {
        if !alerts.contains(&format!("UserImport{heading}").as_str()) {
            complaints.push(format!("no rule has the alert UserImport{heading}"));
        }
    }
    complaints
}

/// The settings that the program reads: the fields of its sections, in capitals.
fn known_settings() -> BTreeSet<String> {
    let mut known = BTreeSet::from(["RUST_LOG".to_owned()]);
    for file in ["src/config/sections.rs", "src/cli/migrate.rs"] {
        let text = read(&root().join(file));
        let fields = text.lines().filter_map(|line| {
            let line = line.trim();
            let field = line.strip_prefix("pub ").unwrap_or(line).split_once(": ")?.0;
            field.chars().all(|c| c.is_ascii_lowercase() || c == '_').then(|| field.to_uppercase())
        });
        known.extend(fields);
    }
    known
}

/// A setting that nobody reads is a promise that nobody keeps.
pub fn setting_complaints() -> Vec<String> {
    let known = known_settings();
    let mut complaints = Vec::new();
    for file in all_files(&root().join("deploy/kubernetes"))
        .into_iter()
        .chain(all_files(&root().join("deploy/helm")))
    {
        let text = read(&file);
        let names = text.match_indices("{name: ").map(|(at, found)| &text[at + found.len()..]);
        let values = names.filter(|rest| rest.split('}').next().unwrap().contains(", value: "));
        for rest in values {
            let setting = rest.split(',').next().unwrap();
            if !known.contains(setting) {
                complaints.push(format!("{} sets {setting}", name(&file)));
            }
        }
    }
    complaints
}
