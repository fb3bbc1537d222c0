//! Every format under every encoding, sound and broken.

use std::io::Write;

use async_compression::tokio::write::GzipEncoder;
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use tokio::io::AsyncWriteExt;

use crate::harness::{Client, World, answer, assert_converged, eventually, holds, lines, plain};

pub async fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzipEncoder::new(Vec::new());
    encoder.write_all(text.as_bytes()).await.unwrap();
    encoder.shutdown().await.unwrap();
    encoder.into_inner()
}

pub fn zstd(text: &str) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

pub fn document(numbers: std::ops::Range<usize>) -> String {
    let records: Vec<_> = numbers.map(plain).collect();
    json!({"identifier": "email", "records": records}).to_string()
}

/// A request in one of the three formats, by email.
pub fn request(client: &Client, media: &str) -> RequestBuilder {
    let query = if media == "application/json" { "" } else { "?identifier=email" };
    client.call(Method::POST, &format!("/users/import{query}")).header("content-type", media)
}

pub async fn assert_nothing_left(world: &World) {
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
async fn rows_of_a_csv_fail_for_themselves_and_a_broken_file_as_a_whole() {
    let world = World::new().await;
    let (_api, client, _workers) = world.started(1).await;
    let send = |body: &str| answer(request(&client, "text/csv").body(body.to_owned()));
    let body = "email,email_verified,address.locality\na@example.com,true,Wien\nb@example.com\nc@example.com,maybe,\n";
    let task = send(body).await.task();
    let seen = assert_converged(&world, &client, &task).await;
    assert_eq!((&seen["summary"]["inserted"], &seen["summary"]["failed"]), (&json!(1), &json!(2)));
    let details = &seen["details"];
    assert_eq!(
        details[0]["record"],
        json!({"email": "a@example.com", "email_verified": true, "address": {"locality": "Wien"}})
    );
    assert_eq!(details[1]["errors"][0]["reason"], "InvalidBody");
    assert_eq!(details[2]["errors"][0]["reason"], "ValidationFailed");

    let broken = send("email\na@example.com\n\"b@example.com\n").await;
    assert_eq!((broken.status, &broken.json()["error"]["info"]["line"]), (400, &json!(3)));
    let header = send("a@example.com,$2a$10$secret\n").await;
    assert_eq!((header.status, &header.json()["error"]["info"]["columns"]), (400, &json!(2)));
    assert!(!header.text.contains("secret"));
}
