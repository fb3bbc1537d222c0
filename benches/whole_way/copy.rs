//! The raw COPY that everything is compared with.

use std::time::Instant;

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio_postgres::CopyInSink;

use crate::harness::{Database, World};

/// Seconds for the rows that an import made, into the same tables of another database.
pub async fn seconds(from: &Database, users: u64) -> f64 {
    let into = World::without_project().await;
    let mut halves = Vec::new();
    for half in ["<", ">="] {
        halves.push([
            rows(from, "directory_user", "id", half).await,
            rows(from, "user_secret", "user_id", half).await,
        ]);
    }
    into.database.sql().await.batch_execute("CHECKPOINT").await.unwrap();
    let clients = [into.database.connect().await, into.database.connect().await];
    let began = Instant::now();
    let copies = clients.iter().zip(halves).map(async |(client, [users, secrets])| {
        client.batch_execute("BEGIN").await.unwrap();
        copy_in(client.copy_in("COPY directory_user FROM STDIN BINARY").await.unwrap(), users)
            .await;
        copy_in(client.copy_in("COPY user_secret FROM STDIN BINARY").await.unwrap(), secrets).await;
        client.batch_execute("COMMIT").await.unwrap();
    });
    futures_util::future::join_all(copies).await;
    let seconds = began.elapsed().as_secs_f64();
    let count = into.database.count("SELECT count(*) FROM directory_user", &[]).await;
    assert_eq!(count as u64, users);
    seconds
}

/// One half of a table's rows, below or from the middle id on, as binary COPY data.
async fn rows(database: &Database, table: &str, id: &str, half: &str) -> Vec<Bytes> {
    let middle = "(SELECT id FROM directory_user ORDER BY id OFFSET (SELECT count(*) / 2 FROM directory_user) LIMIT 1)";
    let sql = format!(
        "COPY (SELECT * FROM {table} WHERE {id} {half} {middle} ORDER BY {id}) TO STDOUT BINARY"
    );
    let stream = database.sql().await.copy_out(&sql).await.unwrap();
    stream.map(Result::unwrap).collect().await
}

async fn copy_in(sink: CopyInSink<Bytes>, pieces: Vec<Bytes>) {
    let mut sink = std::pin::pin!(sink);
    for piece in pieces {
        sink.feed(piece).await.unwrap();
    }
    sink.finish().await.unwrap();
}
