//! How long ten records take while a large import runs.

use std::time::{Duration, Instant};

use crate::files::{File, fresh};
use crate::report::Figures;
use crate::stream::Fleet;

/// Imports a large file, and small ones beside it until it has ended.
pub async fn measure(fleet: &Fleet<'_>, large: File, figures: &mut Figures) {
    let large = fleet.upload("identifier=email", &large.body).await;
    let mut seconds = Vec::new();
    for seed in 1_000.. {
        let body = fresh(seed, 10).body;
        let task = fleet.upload("identifier=email", &body).await;
        let accepted = Instant::now();
        fleet.completed(&task, Duration::from_millis(5)).await;
        seconds.push(accepted.elapsed().as_secs_f64());
        if fleet.client.status(&large).await["status"] == "completed" {
            // This one ended in peace.
            seconds.pop();
            break;
        }
    }
    seconds.sort_by(f64::total_cmp);
    let at = |share: f64| seconds[((seconds.len() - 1) as f64 * share) as usize];
    figures.note("10 records beside a large import, p50, s", at(0.5));
    figures.note("10 records beside a large import, p99, s", at(0.99));
    println!("{} small imports beside a large one", seconds.len());
}
