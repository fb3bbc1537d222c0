//! How soon and how fast a large task's details flow.

use std::time::Instant;

use futures_util::StreamExt;
use reqwest::Method;

use crate::report::Figures;
use crate::stream::Fleet;

pub async fn measure(fleet: &Fleet<'_>, task: &str, figures: &mut Figures) {
    let began = Instant::now();
    let request = fleet.client.call(Method::GET, &format!("/users/import/{task}"));
    let mut body = request.send().await.unwrap().bytes_stream();
    let (mut first, mut bytes) = (None, 0);
    while let Some(piece) = body.next().await {
        first.get_or_insert_with(|| began.elapsed());
        bytes += piece.unwrap().len();
    }
    let megabytes = bytes as f64 / 1e6;
    figures.note("status, first byte, ms", first.unwrap().as_secs_f64() * 1e3);
    figures.note("status, MB/s", megabytes / began.elapsed().as_secs_f64());
}
