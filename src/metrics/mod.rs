//! The recorder behind `/metrics`: installed once, rendered on demand.
//!
//! Which metrics there are stands in `names`. Counters begin at 0 with the process, so that the
//! first event already shows in a rate. Before [`install`], and in tests that install nothing,
//! recording does nothing.

mod names;

pub use names::*;

use std::sync::OnceLock;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// Samples of a histogram wait in memory until somebody folds them in, and nobody may be
/// scraping.
const UPKEEP: Duration = Duration::from_secs(5);

/// Of a request, a chunk, a wait for a connection: a millisecond to the deadline of a chunk.
const SECONDS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

/// Of a task: from a handful of records to a migration over night.
const TASK_SECONDS: &[f64] =
    &[0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 14_400.0, 43_200.0];

/// Installs the recorder for the whole process; a second call does nothing.
pub fn install() {
    HANDLE.get_or_init(|| {
        let recorder = PrometheusBuilder::new()
            .set_buckets(SECONDS)
            .and_then(|it| {
                it.set_buckets_for_metric(Matcher::Prefix("user_import_task_".into()), TASK_SECONDS)
            })
            .expect("the lists of buckets are not empty")
            .build_recorder();
        let handle = recorder.handle();
        // Refused only where a test has a recorder of its own; that one stays then.
        let _ = metrics::set_global_recorder(recorder);
        names::describe();
        handle
    });
}

/// Everything as Prometheus text (version 0.0.4); empty before [`install`].
pub fn render() -> String {
    HANDLE.get().map_or_else(String::new, PrometheusHandle::render)
}

/// Keeps memory flat while nobody scrapes; returns when `stop` is cancelled.
pub async fn keep_up(stop: CancellationToken) {
    let mut ticks = tokio::time::interval(UPKEEP);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        if let Some(handle) = HANDLE.get() {
            handle.run_upkeep();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_described_and_named_as_prometheus_wants_it() {
        install();
        intake_bytes(7);
        chunk_seconds("quick", Duration::from_millis(3));
        due_chunks(4);
        let text = render();
        assert!(text.contains("# HELP user_import_intake_bytes_total "), "{text}");
        assert!(text.contains("user_import_intake_bytes_total 7"), "{text}");
        assert!(text.contains("user_import_records_total{outcome=\"failed\"} 0"), "{text}");
        assert!(
            text.contains("user_import_chunk_seconds_bucket{way=\"quick\",le=\"0.005\"} 1"),
            "{text}"
        );
        assert!(text.contains("user_import_due_chunks 4"), "{text}");
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            assert!(line.starts_with("user_import_"), "{line}");
        }
    }
}
