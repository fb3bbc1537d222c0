//! Uploads: all or nothing, and in flat memory.

use std::fmt::Write;

use crate::harness::{World, answer, assert_converged, eventually, holds, lines, variable};

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_upload_leaves_no_row() {
    let world = World::new().await;
    let (_api, client, _workers) = world.started(1).await;
    let upload = client.upload("identifier=email");
    assert!(upload.send(lines(0..350)).await);
    let staged = "SELECT count(*) FROM import_chunk";
    eventually("some chunks are staged", 30, async || {
        let count = world.database.count(staged, &[]).await;
        holds(count > 0, count)
    })
    .await;
    upload.break_off().await;

    for table in ["import_chunk", "import_task", "import_task_key", "import_chunk_wait"] {
        let sql = format!("SELECT count(*) FROM {table}");
        eventually(&format!("{table} is empty"), 100, async || {
            let count = world.database.count(&sql, &[]).await;
            holds(count == 0, count)
        })
        .await;
    }
    assert_eq!(world.database.count("SELECT count(*) FROM directory_user", &[]).await, 0);
    // The same records, sent whole, find everything as if nothing had been.
    let task = client.import_lines(lines(0..350)).await.task();
    let seen = assert_converged(&world, &client, &task).await;
    assert_eq!(seen["summary"]["inserted"], 350);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_takes_as_much_memory_as_a_tenth_of_it() {
    let world = World::new().await;
    let long = variable("UPLOAD_MIB").unwrap_or(200);
    let mut peaks = Vec::new();
    for pieces in [10, long] {
        let api = world.api().start().await;
        let client = world.client(&api).await;
        let upload = client.upload("identifier=email&dry_run=true");
        for piece in 0..pieces {
            // About 1 MiB of records that do not compress away.
            let text: String = (0..1000).map(|n| padded(piece * 1000 + n)).collect();
            assert!(upload.send(text).await, "the server reads on");
        }
        let task = upload.finish().await.unwrap().task();
        assert_eq!(client.status(&task).await["summary"]["total"], pieces * 1000);
        assert_eq!(client.cancel(&task).await.status, 200);
        peaks.push(api.peak_resident_kib());
    }
    println!("peak of the API, KiB: {} for 10 MiB, {} for {long} MiB", peaks[0], peaks[1]);
    assert!(peaks[1] < 512 * 1024, "KiB for {long} MiB: {peaks:?}");
    // The order map of some millions of login ids takes its 40 MiB beside.
    assert!(long > 200 || peaks[1] < peaks[0] + 48 * 1024, "KiB for 10 and {long} MiB: {peaks:?}");
}

/// A record of about 1 KiB.
fn padded(number: u64) -> String {
    let mut state = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut padding = String::with_capacity(960);
    while padding.len() < 960 {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        write!(padding, "{:016x}", state ^ (state >> 29)).unwrap();
    }
    format!("{{\"email\":\"user{number}@example.com\",\"name\":\"{padding}\"}}\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_upload_is_refused_and_leaves_nothing() {
    let world = World::new().await;
    let (_api, client, _) = world.started(0).await;
    for body in ["", "\n\n", "\u{feff}\n"] {
        let answer = client.import_lines(body.to_owned()).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        assert_eq!(answer.json()["error"]["code"], 400);
    }
    let shown = client.get("/users/import").await.json();
    assert_eq!(shown["tasks"], serde_json::json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_no_json_harms_itself_alone() {
    let world = World::new().await;
    let (_api, client, _workers) = world.started(1).await;
    let body = format!("{}not json {{\n{}", lines(0..150), lines(150..200));
    let task = client.import_lines(body).await.task();
    let seen = assert_converged(&world, &client, &task).await;
    assert_eq!(
        (&seen["summary"]["inserted"], &seen["summary"]["failed"]),
        (&200.into(), &1.into())
    );
    let detail = &seen["details"][150];
    assert_eq!(detail["errors"][0]["reason"], "InvalidJSON");
    assert!(detail.get("record").is_none(), "what is no record is not echoed: {detail}");
}

/// What is neither text nor compressed by anybody, on one line.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    std::iter::repeat_with(next).filter(|byte| !b"\r\n".contains(byte)).take(bytes).collect()
}

/// `RabbitMQ` 4 takes 16 MiB in a message by default, and closes the channel over more: the relay
/// would publish such a chunk again and again.
#[tokio::test(flavor = "multi_thread")]
async fn the_largest_chunk_that_settings_allow_fits_a_message() {
    let world = World::new().await;
    let record_bytes_max = 14 << 20;
    let api = world.api().env("MAX_RECORD_BYTES", record_bytes_max).start().await;
    let client = world.client(&api).await;
    let _worker = world.worker().start().await;
    // The first leaves its chunk just open for the second.
    let body = [noise((1 << 20) - 100), noise(record_bytes_max)].join(&b'\n');
    let task = answer(client.ndjson("identifier=email").body(body)).await.task();
    let seen = assert_converged(&world, &client, &task).await;
    assert_eq!(seen["summary"]["failed"], 2);
    assert_eq!(world.database.count("SELECT count(*) FROM import_chunk", &[]).await, 1);
    let above = world.api().env("MAX_RECORD_BYTES", record_bytes_max + 1).run().await;
    assert_eq!(above.code, Some(2), "{above:?}");
}
