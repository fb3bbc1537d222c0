//! Secrets stand in their own column and nowhere else, at every stage of their way.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{
    CANARY, Receiver, World, assert_converged, assert_no_secret_in_database,
    assert_no_secret_in_logs, encodings_of, full,
};

/// Records as they come from the world: right ones, and secrets pasted into wrong places.
fn records() -> String {
    let right = (0..40).map(|n| full(n).to_string());
    let wrong = [
        r#"{"email":"w1@example.com","password":{"type":"bcrypt","password_hash":"CANARY not a hash"}}"#,
        r#"{"email":"w2@example.com","password":"CANARY as text"}"#,
        r#"{"email":"w3@example.com","password":{"type":"CANARY","password_hash":"x","CANARYkey":"CANARY"}}"#,
        r#"{"email":"w4@example.com","mfa":{"totp":{"secret":17,"CANARY":1},"email":"CANARY"}}"#,
        r#"{"email":"w5@example.com","mfa":{"totp":"CANARY","password":["CANARY"]}}"#,
        r#"{"email":"w6@example.com","password":{"type":"bcrypt","password_hash":"CANARY","expire_after":"CANARY"}}"#,
        r#"{"email":"w7@example.com","password":{"password_hash":"CANARY","password_hash":"CANARY"}}"#,
    ];
    right.chain(wrong.map(str::to_owned)).map(|line| line + "\n").collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_stand_nowhere_but_in_their_own_column() {
    let world = World::new().await;
    let receiver = Receiver::start().await;
    let loud = |role: crate::harness::Role| {
        role.env("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint())
            .env("RUST_LOG", "debug,user_import=trace")
    };
    let mut api = loud(world.api()).env("CHUNK_RECORDS", 10).start().await;
    let client = world.client(&api).await;
    let task = client.import_lines(records()).await.task();

    // On its way: in the tables, in the broker.
    let bulk = world.broker.bulk();
    world.broker.await_ready(&bulk, 5).await;
    assert_no_secret_in_database(&world).await;
    assert_sealed_is_no_plain_zstd(&world).await;
    let messages = world.broker.take(&bulk).await;
    for message in &messages {
        assert_no_canary("a message", format!("{:?}", message.properties).as_bytes());
        assert_no_canary("a message", &message.body);
        world.broker.publish(message).await;
    }

    let mut worker = loud(world.worker()).start().await;
    let seen = assert_converged(&world, &client, &task).await;
    assert_eq!(
        (&seen["summary"]["inserted"], &seen["summary"]["failed"]),
        (&40.into(), &7.into()),
        "{seen}"
    );
    let failures = client.get(&format!("/users/import/{task}/failures")).await;
    assert_no_canary("the failures", failures.text.as_bytes());
    let stored = "SELECT count(*) FROM user_secret WHERE password_hash LIKE '%CANARY%'";
    assert_eq!(world.database.count(stored, &[]).await, 40, "and there they do stand");

    // Spans are flushed at the end.
    for process in [&mut api, &mut worker] {
        process.terminate();
        process.ended(40).await;
    }
    assert!(!receiver.spans().is_empty());
    for span in receiver.spans() {
        assert_no_canary("a span", format!("{span:?}").as_bytes());
    }
    assert_no_secret_in_logs(&world);
    if let Some(folder) = broker_folder(&world.servers.amqp_url) {
        assert_nowhere_below(&folder, CANARY);
    }
    // Tables, log and WAL: a TOTP secret is sealed even in its own column.
    let folder = world.database.row("SHOW data_directory", &[]).await.get::<_, String>(0);
    match std::fs::read_dir(Path::new(&folder).join("base")) {
        Ok(_) => assert_nowhere_below(Path::new(&folder), "CANARYTOTP"),
        Err(error) => eprintln!("Postgres' files were not searched: {folder}: {error}"),
    }
}

fn assert_no_canary(what: &str, bytes: &[u8]) {
    for needle in encodings_of(CANARY) {
        let found = bytes.windows(needle.len()).any(|window| window == needle);
        assert!(!found, "{what} holds a secret, as {}", String::from_utf8_lossy(&needle));
    }
}

/// Compressed text would pass a search for canaries; sealed bytes cannot be decompressed.
async fn assert_sealed_is_no_plain_zstd(world: &World) {
    let rows = world.database.rows("SELECT sealed FROM import_chunk", &[]).await;
    assert!(!rows.is_empty());
    for row in rows {
        let sealed: Vec<u8> = row.get(0);
        for start in 0..sealed.len().saturating_sub(4).min(64) {
            let plain = zstd::stream::decode_all(&sealed[start..]);
            assert!(plain.is_err(), "a payload can be read without a key");
        }
    }
}

/// Where the broker keeps its data, if it runs on this machine and its process can be looked at.
fn broker_folder(url: &str) -> Option<PathBuf> {
    let port = url.rsplit(':').next()?.split('/').next()?;
    let wanted = format!("RABBITMQ_NODE_PORT={port}");
    for process in std::fs::read_dir("/proc").ok()? {
        let Ok(environ) = std::fs::read(process.ok()?.path().join("environ")) else { continue };
        let text = String::from_utf8_lossy(&environ).into_owned();
        let mut settings = text.split('\0');
        if settings.clone().any(|setting| setting == wanted) {
            return settings
                .find_map(|setting| setting.strip_prefix("RABBITMQ_MNESIA_BASE="))
                .map(PathBuf::from);
        }
    }
    eprintln!("the broker does not run here: its folder is not searched");
    None
}

/// No file below the folder holds `text`. Other tests' data lie there too, and may not either.
fn assert_nowhere_below(folder: &Path, text: &str) {
    // Files come and go while servers run: grep passes over those with -s.
    let grep = Command::new("grep").args(["-rlsaF", "--", text]).arg(folder).output().unwrap();
    let found = String::from_utf8_lossy(&grep.stdout).into_owned();
    assert!(found.is_empty(), "{text} stands in {found}");
}
