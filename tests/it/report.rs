//! What is told of tasks: the list, windows of details, failures, and streams that break off.

use std::fmt::Write;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{
    Client, Document, World, answer, assert_converged, eventually, holds, lines, plain,
};

fn indexes(task: &Value) -> Vec<u64> {
    let details = task["details"].as_array().expect("details are there");
    details.iter().map(|detail| detail["index"].as_u64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_is_cut_before_the_filter_and_over_any_chunks() {
    let world = World::new().await;
    let (api, client, _workers) = world.started(1).await;
    let body: String = (0..350)
        .map(|n| match n {
            99 | 100 | 349 => "{\"email\": 1}\n".to_owned(),
            101 => "{\"email\": \"w@example.com\", \"disabled\": false}\n".to_owned(),
            n => plain(n).to_string() + "\n",
        })
        .collect();
    let task = client.import_lines(body).await.task();
    assert_converged(&world, &client, &task).await;
    let document = Document::of(&client, api.address()).await;
    for (query, expected) in [
        ("", (0..350).collect::<Vec<_>>()),
        ("offset=98&limit=5", vec![98, 99, 100, 101, 102]),
        ("offset=100&limit=100", (100..200).collect()),
        ("offset=348", vec![348, 349]),
        ("offset=350", vec![]),
        ("offset=9223372036854775807&limit=9223372036854775807", vec![]),
        ("limit=1", vec![0]),
        ("details=failed", vec![99, 100, 349]),
        ("details=failed&offset=100&limit=249", vec![100]),
        ("details=warnings", vec![101]),
        ("details=warnings&offset=102", vec![]),
    ] {
        let seen = client.get(&format!("/users/import/{task}?{query}")).await;
        assert_eq!(indexes(&seen.json()), expected, "{query}");
        document.assert_documents("get", "/_api/admin/users/import/{id}", &seen);
    }
    let bare = client.get(&format!("/users/import/{task}?details=none&offset=3")).await.json();
    assert!(bare.get("details").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_tell_index_line_errors_and_redacted_record_also_while_pending() {
    let world = World::new().await;
    let (api, client, _) = world.started(0).await;
    let mut bad = plain(7);
    bad["email"] = json!(7);
    // Line 1 is blank, and so is every other one.
    let body: String = (0..250)
        .map(|n| if n == 150 { format!("\n{bad}\n") } else { format!("\n{}\n", plain(n)) })
        .collect();
    let task = client.import_lines(body.clone() + "no json\n").await.task();
    let path = format!("/users/import/{task}/failures");
    assert_eq!(client.get(&path).await.text, "", "nothing has failed so far");
    let stops =
        world.worker().env("WORKER_CONCURRENCY", 1).failpoints("apply.before_commit=stall@3");
    let worker = stops.start().await;
    eventually("two of three chunks are applied", 60, async || {
        let seen = client.status(&task).await["summary"]["inserted"].clone();
        holds(seen.as_u64() >= Some(150), seen)
    })
    .await;
    let early = client.get(&path).await;
    drop(worker);
    let _worker = world.worker().start().await;
    assert_converged(&world, &client, &task).await;
    let late = client.get(&path).await;
    let failures: Vec<Value> =
        late.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let places: Vec<_> = failures.iter().map(|it| (&it["index"], &it["line"])).collect();
    assert_eq!(places, [(&json!(150), &json!(302)), (&json!(250), &json!(501))]);
    assert_eq!(failures[0]["errors"][0]["reason"], "ValidationFailed");
    assert_eq!(failures[0]["record"]["password"]["password_hash"], "REDACTED");
    assert_eq!(failures[1]["errors"][0]["reason"], "InvalidJSON");
    assert!(failures[1].get("record").is_none());
    assert!(late.text.starts_with(&early.text), "what was told while pending stays");
    Document::of(&client, api.address()).await.assert_documents(
        "get",
        "/_api/admin/users/import/{id}/failures",
        &late,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tasks_are_listed_newest_first_a_page_at_a_time_and_by_status() {
    let world = World::new().await;
    let (api, client, _) = world.started(0).await;
    let document = Document::of(&client, api.address()).await;
    let mut tasks = Vec::new();
    for number in 0..5 {
        tasks.push(client.import_lines(lines(number..number + 1)).await.task());
    }
    assert_eq!(client.cancel(&tasks[1]).await.status, 200);
    tasks.reverse();
    let list = async |query: &str| {
        let seen = client.get(&format!("/users/import?{query}")).await;
        document.assert_documents("get", "/_api/admin/users/import", &seen);
        let page = seen.json();
        let listed = page["tasks"].as_array().unwrap().iter();
        let ids: Vec<_> = listed.map(|task| task["id"].as_str().unwrap().to_owned()).collect();
        (ids, page["next_cursor"].as_str().map(str::to_owned))
    };
    assert_eq!(list("").await, (tasks.clone(), None));
    assert_eq!(list("limit=5").await, (tasks.clone(), None));
    let (mut seen, mut cursor) = list("limit=2").await;
    while let Some(next) = cursor {
        let (more, following) = list(&format!("limit=2&cursor={next}")).await;
        seen.extend(more);
        cursor = following;
    }
    assert_eq!(seen, tasks);
    assert_eq!(list("status=cancelled").await, (vec![tasks[3].clone()], None));
    assert_eq!(list("status=pending").await.0.len(), 4);
    assert_eq!(list("status=completed").await.0.len(), 0);
}

/// A task that has ended, of so many chunks, each of one failed record with an echo that does not
/// compress.
async fn ended_task(world: &World, chunks: i64, echo_bytes: usize) -> String {
    let insert =
        "INSERT INTO import_task (project, id, identifier, upsert, dry_run, received_at, ended_at,
            total, failed, chunks_received, chunks_left)
        SELECT number, 'task_big', 'email', false, false, now(), now(), $1, $1, $1, 0 FROM project
        RETURNING project, task";
    let row = world.database.row(insert, &[&chunks]).await;
    let (project, task): (i32, i64) = (row.get(0), row.get(1));
    let insert = "INSERT INTO import_chunk (project, task, first_index, record_count, applied_at, details, failed)
        VALUES ($1, $2, $3, 1, now(), $4, 1)";
    for index in 0..chunks {
        let mut echo = String::new();
        let mut state = index as u64 | 1;
        while echo.len() < echo_bytes {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            write!(echo, "{state:016x}").unwrap();
        }
        let detail = format!(
            "{{\"index\":{index},\"record\":{{\"name\":\"{echo}\"}},\"outcome\":\"failed\",\"errors\":[]}}"
        );
        let details = zstd::bulk::compress(detail.as_bytes(), 1).unwrap();
        world.database.execute(insert, &[&project, &task, &index, &details]).await;
    }
    "task_big".to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_whose_task_goes_away_breaks_off() {
    let world = World::new().await;
    let api = world.api().start().await;
    let client = world.client(&api).await;
    // More than the sockets on both sides take in.
    let task = ended_task(&world, 60, 1_000_000).await;
    for path in ["", "/failures"] {
        let path = format!("/users/import/{task}{path}");
        let whole = client.get(&path).await.text.len();
        let mut response = client.call(Method::GET, &path).send().await.unwrap();
        let mut came = response.chunk().await.unwrap().unwrap().len();
        world.database.execute("UPDATE import_task SET gone_at = now()", &[]).await;
        let end = loop {
            match tokio::time::timeout(Duration::from_mins(1), response.chunk()).await.unwrap() {
                Ok(Some(piece)) => came += piece.len(),
                end => break end,
            }
        };
        assert!(end.is_err(), "it ends well-formed after {came} of {whole} bytes");
        assert!(came < whole, "{came} of {whole}");
        world.database.execute("UPDATE import_task SET gone_at = NULL", &[]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offset_seeks_and_reads_nothing_before_it() {
    let world = World::new().await;
    ended_task(&world, 2000, 16).await;
    world.database.execute("ANALYZE import_chunk", &[]).await;
    let statement = include_str!("../../src/report/details.sql");
    let plan = |from: i64| {
        let explain = format!("EXPLAIN (ANALYZE, TIMING OFF, FORMAT TEXT) {statement}");
        let world = &world;
        async move {
            let row = world.database.row("SELECT project, task FROM import_task", &[]).await;
            let (project, task): (i32, i64) = (row.get(0), row.get(1));
            let (no, end, chunks) = (false, i64::MAX, 4_i64);
            let rows = world
                .database
                .rows(&explain, &[&project, &task, &from, &end, &no, &no, &chunks])
                .await;
            rows.iter().map(|row| row.get::<_, String>(0) + "\n").collect::<String>()
        }
    };
    for from in [0, 1000, 1999, 2000] {
        let plan = plan(from).await;
        let removed = plan.lines().filter_map(|line| line.split_once("Rows Removed by Filter: "));
        let removed: u64 = removed.map(|(_, count)| count.trim().parse::<u64>().unwrap()).sum();
        assert!(removed <= 1 && plan.contains("Index Scan"), "from {from}:\n{plan}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_watches_so_many_tasks_and_tells_the_next_reader_to_come_back() {
    let world = World::new().await;
    let (api, client, _) = world.started(0).await;
    let mut streams = Vec::new();
    for number in 0..=256 {
        let task = client.import_lines(lines(number..number + 1)).await.task();
        let path = format!("/users/import/{task}/events");
        if number < 256 {
            let stream = client.call(Method::GET, &path).send().await.unwrap();
            assert_eq!(stream.status(), 200);
            streams.push(stream);
        } else {
            let refused = answer(client.call(Method::GET, &path)).await;
            assert_eq!(refused.json()["error"]["reason"], "ServiceUnavailable");
            assert!(refused.headers.contains_key("retry-after"));
        }
    }
    let watched = async |client: &Client| {
        client.metrics(api.address()).await.sum("user_import_tasks_watched", "")
    };
    assert_eq!(watched(&client).await as i64, 256);
    drop(streams);
    // Who has gone may have said all and still listen: two heartbeats that nobody takes tell.
    eventually("what nobody reads is not watched", 90, async || {
        let now = watched(&client).await;
        holds(now < 1.0, now)
    })
    .await;
}
