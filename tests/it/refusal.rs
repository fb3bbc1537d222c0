//! Bad input to a command: one clear sentence, an exit code that is not 0, and no backtrace.

use std::path::Path;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use tokio::net::TcpListener;

use crate::harness::{Ended, World, with_address};

/// The last word is one line that names what to look at; nothing looks like a crash.
pub fn assert_one_sentence(ended: &Ended, names: &str) {
    assert!(ended.code.is_some_and(|code| code != 0), "{ended:?}");
    let said: Vec<&str> = ended.stderr.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = said.last().unwrap_or_else(|| panic!("it says nothing: {ended:?}"));
    assert!(last.contains(names), "it speaks of {names}: {ended:?}");
    let errors = said.iter().filter(|line| line.contains("ERROR") || line.starts_with("error"));
    assert!(errors.count() <= 1, "one sentence: {ended:?}");
    for word in ["panicked", "RUST_BACKTRACE", "stack backtrace", "Error {", "Os {"] {
        assert!(!ended.stderr.contains(word), "{word}: {ended:?}");
    }
}

/// A port that nobody listens on.
async fn dead_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_postgres_a_command_says_so() {
    let world = World::without_project().await;
    let away = with_address(&world.database.url, dead_address().await);
    for command in [vec!["api"], vec!["worker"], vec!["migrate"], vec!["project", "list"]] {
        let ended = world.role(&command).env("DATABASE_URL", &away).run().await;
        assert_one_sentence(&ended, "Postgres");
        assert!(!ended.stderr.contains(&away), "the URL holds a password: {ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_and_missing_settings_are_named() {
    let world = World::without_project().await;
    let unreadable = world.folder.join("no-such-file").display().to_string();
    for (name, value, speaks_of) in [
        ("DATABASE_URL", Some("mysql://host/db"), "DATABASE_URL"),
        ("DATABASE_URL", Some(""), "DATABASE_URL"),
        ("DATABASE_URL", None, "DATABASE_URL"),
        ("AMQP_URL", Some("http://host"), "AMQP_URL"),
        ("AMQP_URL", None, "AMQP_URL"),
        ("MASTER_KEY", None, "MASTER_KEY"),
        ("MASTER_KEY", Some("c2hvcnQ="), "32 bytes in base64"),
        ("MASTER_KEY_FILE", Some(unreadable.as_str()), "MASTER_KEY"),
        ("LISTEN", Some("nowhere"), "LISTEN"),
    ] {
        let role = world.role(&["api"]);
        let role = if name == "MASTER_KEY_FILE" { role.without("MASTER_KEY") } else { role };
        let role = match value {
            Some(value) => role.env(name, value),
            None => role.without(name),
        };
        assert_one_sentence(&role.run().await, speaks_of);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_named() {
    let world = World::without_project().await;
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap().into_std().unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = world.api().env("LISTEN", &address).run().await;
    assert_one_sentence(&ended, &address);
    let ended = world.worker().env("WORKER_LISTEN", &address).run().await;
    assert_one_sentence(&ended, &address);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_missing_are_named() {
    let world = World::new().await;
    let nowhere = world.folder.join("no-such.key");
    let ended =
        world.role(&["token", "--project", "acme", "--key", nowhere.to_str().unwrap()]).run().await;
    assert_one_sentence(&ended, "no-such.key");
    let garbage = world.folder.join("garbage.key");
    std::fs::write(&garbage, "no key").unwrap();
    let ended =
        world.role(&["token", "--project", "acme", "--key", garbage.to_str().unwrap()]).run().await;
    assert_one_sentence(&ended, "RSA private key");
    let ended = world.role(&["project", "create", "acme"]).run().await;
    assert_one_sentence(&ended, "acme");
    let existing = world.folder.join("acme.key");
    let out = existing.to_str().unwrap();
    let before = std::fs::read(&existing).unwrap();
    let ended = world.role(&["project", "create", "other", "--key-out", out]).run().await;
    assert_one_sentence(&ended, "acme.key");
    assert_eq!(std::fs::read(&existing).unwrap(), before, "nothing is lost");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submit_that_cannot_work_says_why_and_starts_nothing() {
    let world = World::new().await;
    let api = world.api().start().await;
    let client = world.client(&api).await;
    let token = world.token("acme").await;
    let file = world.folder.join("users.ndjson");
    std::fs::write(&file, crate::harness::lines(0..3)).unwrap();
    let file = file.to_str().unwrap();
    let submit = |path: &str, url: String, token: &str| {
        let role = world.role(&["submit", path, "--identifier", "email"]);
        role.env("USER_IMPORT_URL", url).env("USER_IMPORT_TOKEN", token)
    };
    let url = format!("http://{}", api.address());
    assert_one_sentence(
        &submit("no-such-file.ndjson", url.clone(), &token).run().await,
        "no-such-file.ndjson",
    );
    assert_one_sentence(&submit(file, url.clone(), "no.token.atall").run().await, "token");
    assert_one_sentence(
        &submit(file, "ftp://host".to_owned(), &token).run().await,
        "USER_IMPORT_URL",
    );
    let expired = expired_token(&world.folder.join("acme.key"));
    assert_eq!(client.with_token(&expired).get("/users/import").await.status, 401);
    assert_one_sentence(&submit(file, url, &expired).run().await, "token");
    assert_eq!(
        client.get("/users/import").await.json()["tasks"],
        serde_json::json!([]),
        "nothing was started"
    );
}

/// A token that was good an hour ago, signed by the project's own key.
fn expired_token(key: &Path) -> String {
    let hour_ago = world_seconds() - 3600;
    let claims = serde_json::json!({"aud": "acme", "iat": hour_ago - 60, "exp": hour_ago});
    let key = EncodingKey::from_rsa_pem(&std::fs::read(key).unwrap()).unwrap();
    jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key).unwrap()
}

fn world_seconds() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}
