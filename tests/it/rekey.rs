//! The master key is rotated while imports go on.

use user_import::seal::MasterKeys;
use uuid::Uuid;

use crate::harness::{Ended, World, assert_converged, full};

/// What the world's processes have unless told otherwise, and the one that comes after it.
const OLD: &str = "dGVzdC1tYXN0ZXIta2V5LW9mLTMyLWJ5dGVzLWxvbmc=";
const NEW: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

async fn rekey(world: &World, keys: &str) -> Ended {
    world.role(&["rekey"]).env("MASTER_KEY", keys).run().await
}

fn body(numbers: std::ops::Range<usize>) -> String {
    numbers.map(|n| full(n).to_string() + "\n").collect()
}

/// Every TOTP secret opens under these keys, and is the one that was imported.
async fn assert_totp_opens(world: &World, keys: &str) {
    let keys = MasterKeys::parse(keys).unwrap();
    let sealed = "SELECT project, user_id, totp_key_id, totp_secret FROM user_secret";
    let rows = world.database.rows(sealed, &[]).await;
    assert!(!rows.is_empty());
    for row in rows {
        let user: Uuid = row.get(1);
        let secret = keys.open_totp(row.get(0), user, row.get(2), row.get(3)).unwrap();
        assert!(secret.starts_with("CANARY"), "{user}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_rekey_nothing_needs_the_old_master_key() {
    let world = World::new().await;
    let both = format!("new:{NEW},old:{OLD}");
    let mut api = world.api().env("CHUNK_RECORDS", 5).start().await;
    let client = world.client(&api).await;
    let mut worker = world.worker().start().await;
    // More than a batch of secrets, so that there is a second one.
    let before = client.import_lines(body(0..700)).await.task();
    assert_converged(&world, &client, &before).await;
    worker.kill();
    // Taken in under the old key and still open while the keys change.
    let open = client.import_lines(body(1000..1040)).await.task();
    api.kill();

    let ended = rekey(&world, &both).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("1 keys of open tasks and 700 TOTP secrets"), "{ended:?}");
    assert!(ended.stdout.contains("no longer used: old"), "{ended:?}");
    let again = rekey(&world, &both).await;
    assert_eq!(again.code, Some(0), "{again:?}");
    assert!(again.stdout.contains("0 keys of open tasks and 0 TOTP secrets"), "{again:?}");

    let new = format!("new:{NEW}");
    let api = world.api().env("MASTER_KEY", &new).start().await;
    let _worker = world.worker().env("MASTER_KEY", &new).start().await;
    let client = client.at(api.address());
    let seen = assert_converged(&world, &client, &open).await;
    assert_eq!(seen["summary"]["inserted"], 40);
    assert_totp_opens(&world, &new).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rekey_without_the_key_says_so_and_changes_nothing() {
    let world = World::new().await;
    let (_api, client, _) = world.started(0).await;
    let task = client.import_lines(body(0..3)).await.task();
    let keys = "SELECT master_key_id, wrapped_key FROM import_task_key";
    let before: Vec<u8> = world.database.row(keys, &[]).await.get(1);
    let ended = rekey(&world, &format!("new:{NEW}")).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("which is not at hand"), "{ended:?}");
    let row = world.database.row(keys, &[]).await;
    assert_eq!(row.get::<_, Vec<u8>>(1), before);
    assert!(ended.stderr.contains(row.get::<_, &str>(0)), "it names the key: {ended:?}");
    let _worker = world.worker().start().await;
    assert_converged(&world, &client, &task).await;
}
