//! Who is let in, as which project, and what everybody else is told.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, Leg, Process, Proxy, World, answer, eventually, holds};

/// Is there after a look into Postgres, and for a caller alone.
const PATH: &str = "/users/import";

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// The private key of a project, with its `kid`.
fn key(world: &World, file: &str) -> (String, EncodingKey) {
    let pem = std::fs::read_to_string(world.folder.join(file)).unwrap();
    let token =
        user_import::project::key::sign_token(&pem, "any", std::time::Duration::from_mins(1));
    let kid = jsonwebtoken::decode_header(token.unwrap()).unwrap().kid.unwrap();
    (kid, EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap())
}

fn sign(kid: Option<&str>, claims: &Value, key: &EncodingKey) -> String {
    let header = Header { kid: kid.map(str::to_owned), ..Header::new(Algorithm::RS256) };
    jsonwebtoken::encode(&header, claims, key).unwrap()
}

async fn get(api: &Process, path: &str, token: &str) -> Answer {
    let client = Client::new(api.address(), token.to_owned());
    client.get(path).await
}

async fn project(world: &World, arguments: &[&str]) -> String {
    let ended = world.role(&[&["project"], arguments].concat()).run().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.stdout
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_token_gets_one_identical_answer() {
    let world = World::new().await;
    let api = world.api().start().await;
    let good = world.token("acme").await;
    let (kid, acme) = key(&world, "acme.key");
    let claims = json!({"aud": "acme", "exp": now() + 100});
    assert_eq!(get(&api, PATH, &sign(Some(&kid), &claims, &acme)).await.status, 200);
    let without =
        answer(reqwest::Client::new().get(format!("http://{}/_api/admin{PATH}", api.address())))
            .await;
    assert_eq!(without.status, 401);
    let (head, rest) = good.split_once('.').unwrap();
    let none = "eyJhbGciOiJub25lIn0";
    let hmac =
        jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(b"x")).unwrap();
    for bad in [
        "x".to_owned(),
        format!("{none}.{rest}"),
        format!("{head}.{}", rest.replace('.', "A.")),
        good[..good.len() - 3].to_owned(),
        hmac,
        sign(Some("unknown"), &claims, &acme),
        sign(Some(&kid), &json!({"aud": "nobody", "exp": now() + 100}), &acme),
        sign(Some(&kid), &json!({"aud": "acme", "exp": now() - 100}), &acme),
        sign(Some(&kid), &json!({"aud": "acme"}), &acme),
        sign(Some(&kid), &json!({"aud": "acme", "exp": now() + 100, "nbf": now() + 90}), &acme),
        sign(Some(&kid), &json!({"exp": now() + 100}), &acme),
    ] {
        let seen = get(&api, PATH, &bad).await;
        assert_eq!((seen.status, &seen.text), (401, &without.text), "{bad}");
        assert_eq!(seen.headers["www-authenticate"], "Bearer");
    }
    assert_eq!(without.json()["error"]["reason"], "Unauthorized");
    for (_, log) in world.logs() {
        assert!(
            !log.contains(&good[good.len() - 40..]) && !log.contains(none),
            "a token was logged"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_acts_as_the_project_whose_key_signed() {
    let world = World::new().await;
    world.create_project("other").await;
    let api = world.api().start().await;
    let ((kid, acme), (_, other)) = (key(&world, "acme.key"), key(&world, "other.key"));
    let number = async |id: &str| {
        world.database.row("SELECT number FROM project WHERE id = $1", &[&id]).await.get(0)
    };
    let (acmes, others): (i32, i32) = (number("acme").await, number("other").await);
    for (project, user) in [(acmes, "1"), (others, "2")] {
        let insert = "INSERT INTO directory_user (project, id, external_id_key) VALUES ($1, gen_random_uuid(), $2)";
        world.database.execute(insert, &[&project, &user]).await;
    }
    let both = json!({"aud": ["other", "acme"], "exp": now() + 100});
    for token in [sign(Some(&kid), &both, &acme), sign(None, &both, &acme)] {
        assert_eq!(get(&api, "/users?external_id=1", &token).await.status, 200);
        let foreign = get(&api, "/users?external_id=2", &token).await;
        let nowhere = get(&api, "/users?external_id=3", &token).await;
        assert_eq!((foreign.status, &foreign.text), (404, &nowhere.text));
    }
    assert_eq!(get(&api, "/users?external_id=2", &sign(None, &both, &other)).await.status, 200);
    let foreign = json!({"aud": "acme", "exp": now() + 100});
    assert_eq!(get(&api, PATH, &sign(None, &foreign, &other)).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_rotated_without_a_restart() {
    let world = World::new().await;
    let api = world.api().start().await;
    let (old_kid, old) = key(&world, "acme.key");
    let claims = json!({"aud": "acme", "exp": now() + 1000});
    let status = async |token: String| get(&api, PATH, &token).await.status;
    assert_eq!(status(sign(None, &claims, &old)).await, 200);
    for round in 0..5 {
        let file = format!("new-{round}.key");
        project(&world, &["add-key", "acme", "--key-out", &file]).await;
        let (kid, new) = key(&world, &file);
        assert_eq!(status(sign(Some(&kid), &claims, &new)).await, 200, "a new key works at once");
    }
    let nameless = "without a kid, several keys are refused";
    eventually(nameless, 60, async || holds(status(sign(None, &claims, &old)).await == 401, "200"))
        .await;
    assert_eq!(status(sign(Some(&old_kid), &claims, &old)).await, 200);
    project(&world, &["remove-key", "acme", &old_kid]).await;
    let removed = "a removed key stops";
    eventually(removed, 60, async || {
        holds(status(sign(Some(&old_kid), &claims, &old)).await == 401, "200")
    })
    .await;
    let listed: Value = serde_json::from_str(&project(&world, &["keys", "acme"]).await).unwrap();
    let removed: Vec<_> =
        listed.as_array().unwrap().iter().filter(|key| !key["removed_at"].is_null()).collect();
    assert_eq!((removed.len(), &removed[0]["kid"]), (1, &json!(old_kid)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_unknown_keys_costs_one_load_at_a_time_a_project() {
    let world = World::new().await;
    let (proxy, through) = Proxy::before(&world.database.url).await;
    let api = world.api().env("DATABASE_URL", &through).start().await;
    let (kid, acme) = key(&world, "acme.key");
    let signed =
        |aud: &str, kid: &str| sign(Some(kid), &json!({"aud": aud, "exp": now() + 1000}), &acme);
    let good = Client::new(api.address(), signed("acme", &kid));
    assert_eq!(good.get(PATH).await.status, 200);
    let loads =
        async || good.metrics(api.address()).await.sum("user_import_key_loads_total", "") as i64;
    let before = loads().await;
    proxy.set(Leg::Silent);
    let mut storm = Vec::new();
    for number in 0..200 {
        for aud in ["acme".to_owned(), format!("nobody-{number}")] {
            let caller = good.with_token(&signed(&aud, &format!("unknown-{number}")));
            storm.push(tokio::spawn(async move { caller.get(PATH).await }));
        }
    }
    eventually("the storm is here, and waits", 30, async || {
        let metrics = good.metrics(api.address()).await;
        let open = metrics.sum("user_import_http_connections", "");
        holds(open >= 400.0, open)
    })
    .await;
    assert_eq!(loads().await - before, 2, "one of acme, and one of all that are unknown");
    proxy.set(Leg::Pass);
    for request in storm {
        let said = request.await.unwrap();
        assert_eq!(said.status, 401, "{}", said.text);
    }
    let after = loads().await - before;
    assert!((2..=4).contains(&after), "those who came meanwhile share the next one: {after}");
    assert_eq!(good.get(PATH).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_postgres_a_token_is_not_called_bad() {
    let world = World::new().await;
    let (proxy, through) = Proxy::before(&world.database.url).await;
    let api = world.api().env("DATABASE_URL", &through).start().await;
    let token = world.token("acme").await;
    proxy.set(Leg::Cut);
    let seen = get(&api, PATH, &token).await;
    assert_eq!((seen.status, &seen.json()["error"]["reason"]), (503, &json!("ServiceUnavailable")));
    assert!(seen.headers.contains_key("retry-after"));
    // What is no token is bad without a look.
    assert_eq!(get(&api, PATH, "x").await.status, 401);
    proxy.set(Leg::Pass);
    eventually("it works again", 60, async || {
        let seen = get(&api, PATH, &token).await;
        holds(seen.status == 200, seen.text)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_is_made_once_and_its_key_file_is_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new().await;
    let file = world.folder.join("acme.key");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let before = std::fs::read(&file).unwrap();
    for (arguments, says) in [
        (&["create", "acme", "--key-out", "again.key"][..], "there is a project acme already"),
        (&["create", "fresh", "--key-out", "acme.key"], "cannot be written"),
        (&["create", "a/b"], "a project's name is"),
        (&["add-key", "nobody", "--key-out", "again.key"], "there is no project nobody"),
        (&["remove-key", "acme", "nothing"], "has no key nothing"),
        (&["set", "acme", "color=red"], "color=red is no setting"),
    ] {
        let ended = world.role(&[&["project"], arguments].concat()).run().await;
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains(says) && ended.stderr.lines().count() == 1, "{ended:?}");
    }
    assert_eq!(std::fs::read(&file).unwrap(), before);
    assert!(!world.folder.join("again.key").exists());
    assert_eq!(world.database.count("SELECT count(*) FROM project", &[]).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn login_id_settings_change_only_while_nobody_depends_on_them() {
    let world = World::new().await;
    let set = async |assignment: &str| {
        world.role(&["project", "set", "acme", assignment]).run().await.code
    };
    assert_eq!(set("email.case_sensitive=true").await, Some(0));
    let insert = "INSERT INTO directory_user (project, id, email_key) SELECT number, gen_random_uuid(), 'a@b.c' FROM project";
    world.database.execute(insert, &[]).await;
    assert_eq!(set("email.case_sensitive=false").await, Some(1));
    assert_eq!(set("unknown_roles_and_groups=existing").await, Some(0));
    world.database.execute("DELETE FROM directory_user", &[]).await;
    let upload = "INSERT INTO import_task (project, id, identifier, upsert, dry_run) \
                  SELECT number, 'task_x', 'email', false, false FROM project";
    world.database.execute(upload, &[]).await;
    assert_eq!(set("email.case_sensitive=false").await, Some(1));
    world.database.execute("UPDATE import_task SET gone_at = now()", &[]).await;
    assert_eq!(set("email.case_sensitive=false").await, Some(0));
    let settings = world.database.row("SELECT settings FROM project", &[]).await.get::<_, Value>(0);
    assert_eq!(settings["unknown_roles_and_groups"], "existing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_that_a_path_does_not_take_is_answered_in_shape() {
    let world = World::new().await;
    let api = world.api().start().await;
    let client = world.client(&api).await;
    for path in ["/users", "/users/x", "/users/import/x"] {
        let seen = answer(client.call(Method::DELETE, path)).await;
        assert_eq!(
            (seen.status, &seen.json()["error"]["reason"]),
            (405, &json!("MethodNotAllowed")),
            "{path}"
        );
        assert_eq!(seen.headers["allow"], "GET,HEAD");
    }
    let seen = client.get("/nothing").await;
    assert_eq!((seen.status, &seen.json()["error"]["reason"]), (404, &json!("NotFound")));
}
