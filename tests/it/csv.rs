//! CSV: rows that are broken, and files that are.

use serde_json::json;

use crate::harness::{World, answer, assert_converged};
use crate::intake::request;

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
