//! What intake makes of a body: formats, compression, limits, order, and the same request twice.

use std::io::Write;

use async_compression::tokio::write::GzipEncoder;
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use tokio::io::AsyncWriteExt;

use crate::harness::{Client, World, answer, assert_converged, eventually, holds, lines, plain};

async fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzipEncoder::new(Vec::new());
    encoder.write_all(text.as_bytes()).await.unwrap();
    encoder.shutdown().await.unwrap();
    encoder.into_inner()
}

fn zstd(text: &str) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn document(numbers: std::ops::Range<usize>) -> String {
    let records: Vec<_> = numbers.map(plain).collect();
    json!({"identifier": "email", "records": records}).to_string()
}

/// A request in one of the three formats, by email.
pub fn request(client: &Client, media: &str) -> RequestBuilder {
    let query = if media == "application/json" { "" } else { "?identifier=email" };
    client.call(Method::POST, &format!("/users/import{query}")).header("content-type", media)
}

async fn assert_nothing_left(world: &World) {
    for table in ["import_chunk", "import_task", "import_task_key", "import_chunk_wait"] {
        let sql = format!("SELECT count(*) FROM {table}");
        eventually(&format!("{table} is empty"), 100, async || {
            let count = world.database.count(&sql, &[]).await;
            holds(count == 0, count)
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_format_is_taken_in_under_every_encoding() {
    let world = World::new().await;
    let (_api, client, _workers) = world.started(1).await;
    let csv = |numbers: std::ops::Range<usize>| {
        numbers.fold("email,name\r\n".to_owned(), |text, n| {
            text + &format!("user{n}@example.com,\"N, {n}\"\r\n")
        })
    };
    let mut next = 0;
    for (media, body) in [
        ("application/json", document as fn(std::ops::Range<usize>) -> String),
        ("application/x-ndjson", lines),
        ("text/csv; charset=utf-8", csv),
    ] {
        for encoding in ["identity", "gzip", "zstd"] {
            let text = body(next..next + 150);
            next += 150;
            let bytes = match encoding {
                "gzip" => gzip(&text).await,
                "zstd" => zstd(&text),
                _ => text.into_bytes(),
            };
            let request = request(&client, media).header("content-encoding", encoding).body(bytes);
            let task = answer(request).await.task();
            let seen = assert_converged(&world, &client, &task).await;
            assert_eq!(seen["summary"]["inserted"], 150, "{media} {encoding}: {seen}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn compression_that_breaks_off_is_refused_and_leaves_nothing() {
    let world = World::new().await;
    let (_api, client, _) = world.started(0).await;
    for (encoding, mut bytes) in
        [("gzip", gzip(&lines(0..500)).await), ("zstd", zstd(&lines(0..500)))]
    {
        bytes.truncate(bytes.len() - 5);
        let request =
            client.ndjson("identifier=email").header("content-encoding", encoding).body(bytes);
        let refused = answer(request).await;
        assert_eq!(
            (refused.status, &refused.json()["error"]["reason"]),
            (400, &json!("InvalidBody")),
            "{encoding}"
        );
    }
    assert_nothing_left(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_is_one_task_however_often_it_is_sent() {
    let world = World::new().await;
    let (_api, client, _) = world.started(0).await;
    let send = |query: &str, body: Vec<u8>| {
        client.ndjson(query).header("idempotency-key", "one").body(body)
    };
    let twins = (0..6).map(|_| answer(send("identifier=email", lines(0..250).into_bytes())));
    let twins: Vec<_> = futures_util::future::join_all(twins).await;
    let first = twins[0].task();
    assert!(twins.iter().all(|twin| twin.task() == first), "{twins:?}");
    // Later, and packed differently.
    let packed = send("identifier=email&upsert=false", gzip(&lines(0..250)).await)
        .header("content-encoding", "gzip");
    assert_eq!(answer(packed).await.task(), first);
    for other in [
        send("identifier=email", lines(0..251).into_bytes()),
        send("identifier=email&upsert=true", lines(0..250).into_bytes()),
        send("identifier=email&dry_run=true", lines(0..250).into_bytes()),
    ] {
        let refused = answer(other).await;
        assert_eq!(
            (refused.status, &refused.json()["error"]["reason"]),
            (422, &json!("IdempotencyKeyReused"))
        );
    }
    assert_eq!(
        world.database.count("SELECT count(*) FROM import_task WHERE gone_at IS NULL", &[]).await,
        1
    );
    let cancelled = client.cancel(&first).await;
    assert_eq!(cancelled.status, 200);
    let again = answer(send("identifier=email", lines(0..250).into_bytes())).await.json();
    assert_eq!(
        (&again["id"], &again["status"]),
        (&json!(first), &json!("cancelled")),
        "as it stands now"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_was_refused_or_broke_off_frees_its_key() {
    let world = World::new().await;
    let (_api, client, _) = world.started(0).await;
    let send = |body: String| {
        let request = request(&client, "application/json").header("idempotency-key", "one");
        answer(request.body(body))
    };
    assert_eq!(send(document(0..0)).await.status, 400);
    assert_eq!(send("{".to_owned()).await.status, 400);
    let first = send(document(0..3)).await.task();
    assert_eq!(send(document(0..3)).await.task(), first);
    assert_eq!(send(document(0..2)).await.status, 422);
    assert_eq!(send("{".to_owned()).await.status, 422);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_exceeds_a_limit_is_told_the_limit_and_leaves_nothing() {
    let world = World::new().await;
    let api = world
        .api()
        .env("CHUNK_RECORDS", 10)
        .env("MAX_TASK_RECORDS", 100)
        .env("MAX_TASK_BYTES", 1_000_000)
        .env("MAX_JSON_BODY_BYTES", 100_000)
        .env("MAX_RECORD_BYTES", 2048);
    let api = api.start().await;
    let client = world.client(&api).await;
    let long = plain(1).to_string() + &" ".repeat(2000);
    let bomb = zstd(&"\n".repeat(2_000_000));
    let json = "application/json";
    let (ndjson, csv) = ("application/x-ndjson", "text/csv");
    for (what, request, reason, limit) in [
        ("records", request(&client, ndjson).body(lines(0..101)), "TaskTooLarge", 100),
        (
            "records of a document",
            request(&client, json).body(document(0..101)),
            "TaskTooLarge",
            100,
        ),
        (
            "a bomb",
            request(&client, csv).header("content-encoding", "zstd").body(bomb),
            "TaskTooLarge",
            1_000_000,
        ),
        ("a document", request(&client, json).body(" ".repeat(100_001)), "JSONTooLarge", 100_000),
        (
            "an element",
            request(&client, json).body(format!(
                "{{\"identifier\":\"email\",\"records\":[{{\"name\":\"{}\"}}]}}",
                "x".repeat(2048)
            )),
            "JSONTooLarge",
            2048,
        ),
    ] {
        let refused = answer(request).await;
        let error = &refused.json()["error"];
        assert_eq!(
            (refused.status, &error["reason"], &error["info"]["limit"]),
            (413, &json!(reason), &json!(limit)),
            "{what}"
        );
    }
    assert_nothing_left(&world).await;
    assert_eq!(
        answer(request(&client, ndjson).body(lines(0..99) + &long + "\n")).await.status,
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_has_only_so_many_pending_tasks_and_a_replay_is_never_refused() {
    let world = World::new().await;
    // All ten stand before their last step at once, and whoever counts has not seen the others.
    let slow = "intake.before_commit=delay:300";
    let api = world.api().env("MAX_OPEN_TASKS", 3).failpoints(slow).start().await;
    let client = world.client(&api).await;
    let send = |number: usize| {
        let request =
            client.ndjson("identifier=email").header("idempotency-key", format!("key-{number}"));
        answer(request.body(lines(number..number + 1)))
    };
    let answers: Vec<_> = futures_util::future::join_all((0..10).map(send)).await;
    let accepted: Vec<_> = (0..10).filter(|number| answers[*number].status == 200).collect();
    assert_eq!(accepted.len(), 3, "{answers:?}");
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        assert_eq!(
            (refused.status, &refused.json()["error"]["reason"]),
            (429, &json!("RateLimited"))
        );
        assert!(refused.headers.contains_key("retry-after"));
    }
    for number in accepted {
        assert_eq!(send(number).await.task(), answers[number].task());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chunk_waits_for_the_last_chunk_with_each_of_its_login_ids() {
    let world = World::new().await;
    let api = world.api().env("CHUNK_RECORDS", 2).start().await;
    let client = world.client(&api).await;
    let body = [
        json!({"email": "a@example.com"}),
        json!({"email": "b@example.com", "phone_number": "+43 664 1234567"}),
        json!({"email": "c@example.com"}),
        json!({"email": " A@EXAMPLE.com "}),
        json!({"email": "d@example.com", "phone_number": "+436641234567"}),
        json!({"email": "a@example.com"}),
        json!({"email": "e@example.com"}),
    ];
    let body: String = body.iter().map(|record| record.to_string() + "\n").collect();
    client.import_lines(body).await.task();
    let edges = world
        .database
        .rows("SELECT first_index, waits_for FROM import_chunk_wait ORDER BY 1, 2", &[])
        .await;
    let edges: Vec<(i64, i64)> = edges.iter().map(|row| (row.get(0), row.get(1))).collect();
    assert_eq!(edges, [(2, 0), (4, 0), (4, 2)]);
    let waits =
        world.database.rows("SELECT waits FROM import_chunk ORDER BY first_index", &[]).await;
    assert_eq!(waits.iter().map(|row| row.get(0)).collect::<Vec<i32>>(), [0, 1, 2, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_the_last_commit_is_found_again() {
    let world = World::new().await;
    let api = world
        .api()
        .failpoints("intake.after_finish=fail@1;intake.before_finish=fail@2")
        .start()
        .await;
    let client = world.client(&api).await;
    let send = |key: &'static str| {
        answer(client.ndjson("identifier=email").header("idempotency-key", key).body(lines(0..3)))
    };
    let first = send("one").await.task();
    assert_eq!(client.status(&first).await["summary"]["total"], 3);
    let failed = send("two").await;
    assert_eq!(failed.status, 503, "{}", failed.text);
    assert!(failed.headers.contains_key("retry-after"));
    let second = send("two").await.task();
    let seen = client.get("/users/import").await.json();
    let ids: Vec<_> =
        seen["tasks"].as_array().unwrap().iter().map(|task| task["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [second, first]);
}
