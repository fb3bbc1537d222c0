//! Each process under a database role that may do what it needs, and nothing else.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;

use crate::harness::{World, answer, assert_converged, eventually, full, holds, lines};

/// Login roles of one test; dropped with what they were granted.
struct Roles<'a> {
    world: &'a World,
    api: String,
    worker: String,
}

impl<'a> Roles<'a> {
    /// Made as an operator makes them, and granted by `migrate`.
    async fn new(world: &'a World) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = |of: &str| format!("ui_test_{of}_{}_{number}", std::process::id());
        let (api, worker) = (name("api"), name("worker"));
        for role in [&api, &worker] {
            let create = format!("CREATE ROLE {role} LOGIN PASSWORD 'least'");
            world.database.execute(&create, &[]).await;
        }
        let migrate = world.role(&["migrate"]).env("DATABASE_API_ROLE", &api);
        let ended = migrate.env("DATABASE_WORKER_ROLE", &worker).run().await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        Self { world, api, worker }
    }

    /// The world's database as one of the roles sees it.
    fn url(&self, role: &str) -> String {
        let url = &self.world.database.url;
        let (_, rest) = url.rsplit_once('@').expect("the servers' URL has a user");
        format!("postgres://{role}:least@{rest}")
    }

    /// The SQLSTATE of a statement under a role; none where it succeeds.
    async fn refusal(&self, role: &str, sql: &str) -> Option<String> {
        let (client, connection) =
            tokio_postgres::connect(&self.url(role), tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        let refused = client.batch_execute(sql).await.err()?;
        Some(refused.code().expect("Postgres said it").code().to_owned())
    }

    async fn drop_them(self) {
        for role in [&self.api, &self.worker] {
            let drop = format!("DROP OWNED BY {role}; DROP ROLE {role}");
            self.world.database.sql().await.batch_execute(&drop).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn api_and_worker_do_everything_under_roles_with_the_least_rights() {
    let world = World::new().await;
    let roles = Roles::new(&world).await;
    let api = world.api().env("DATABASE_URL", roles.url(&roles.api)).env("CHUNK_RECORDS", 10);
    let api = api.start().await;
    let worker = world.worker().env("DATABASE_URL", roles.url(&roles.worker));
    let refuse = "ALTER TABLE directory_user ADD CONSTRAINT nobody_foresaw_this
        CHECK (email_key <> 'full.user7@example.com')";
    world.database.execute(refuse, &[]).await;
    // A death, so that chunks are suspected; the record above, so that one is cut.
    let failing = worker.clone().failpoints("apply.before_commit=kill@3");
    let mut dies = failing.start().await;
    let client = world.client(&api).await;

    let body: String = (0..60).map(|n| full(n).to_string() + "\n").collect();
    let task = client.import_lines(body.clone()).await.task();
    dies.ended(60).await;
    let lives = worker.start().await;
    let seen = assert_converged(&world, &client, &task).await;
    assert_eq!(seen["summary"]["inserted"], 59, "{}", seen["summary"]);

    let upsert = client.ndjson("identifier=email&upsert=true").body(body);
    let upsert = answer(upsert).await.task();
    let seen = assert_converged(&world, &client, &upsert).await;
    assert_eq!(seen["summary"]["updated"], 59, "{}", seen["summary"]);

    let id = seen["details"][0]["user_id"].as_str().unwrap().to_owned();
    assert_eq!(client.get(&format!("/users/{id}")).await.status, 200);
    let verify = client.call(reqwest::Method::POST, &format!("/users/{id}/verify-password"));
    assert_eq!(
        answer(verify.json(&json!({"password": "no"}))).await.json(),
        json!({"verified": false})
    );
    assert_eq!(client.get("/users/import").await.status, 200);
    assert_eq!(client.get(&format!("/users/import/{task}/failures")).await.status, 200);
    drop(lives);
    let cancelled = client.import_lines(lines(100..200)).await.task();
    assert_eq!(client.cancel(&cancelled).await.status, 200);

    // The janitor: retention, payloads of cancelled tasks, the sweep.
    let age = "UPDATE import_task SET ended_at = ended_at - interval '25 hours'";
    world.database.execute(age, &[]).await;
    eventually("everything is swept", 100, async || {
        let left = world.database.count("SELECT count(*) FROM import_task", &[]).await;
        holds(left == 0, left)
    })
    .await;
    drop((api, dies));
    roles.drop_them().await;
}

/// `insufficient_privilege`.
const FORBIDDEN: Option<&str> = Some("42501");

#[tokio::test(flavor = "multi_thread")]
async fn no_role_reads_a_secret_that_it_does_not_need() {
    let world = World::new().await;
    let roles = Roles::new(&world).await;
    let table = [
        (&roles.api, "SELECT password_hash FROM user_secret", None),
        (&roles.api, "SELECT mfa_password_hash FROM user_secret", FORBIDDEN),
        (&roles.api, "SELECT totp_secret FROM user_secret", FORBIDDEN),
        (&roles.api, "SELECT wrapped_key FROM import_task_key", FORBIDDEN),
        (&roles.api, "UPDATE directory_user SET disabled = true", FORBIDDEN),
        (&roles.api, "UPDATE project SET settings = '{}'", FORBIDDEN),
        (
            &roles.api,
            "INSERT INTO project_key (project, kid, public_jwk) VALUES (1, 'x', '{}')",
            FORBIDDEN,
        ),
        (&roles.api, "CREATE TABLE mine ()", FORBIDDEN),
        (&roles.worker, "SELECT password_hash FROM user_secret", FORBIDDEN),
        (&roles.worker, "SELECT totp_secret FROM user_secret", FORBIDDEN),
        (&roles.worker, "UPDATE user_secret SET password_hash = 'x'", FORBIDDEN),
        (&roles.worker, "DELETE FROM directory_user", FORBIDDEN),
        (&roles.worker, "SELECT FROM project_key", FORBIDDEN),
        (
            &roles.worker,
            "INSERT INTO import_task (project, id, identifier, upsert, dry_run) VALUES (1, 'x', 'email', false, false)",
            FORBIDDEN,
        ),
    ];
    for (role, sql, expected) in table {
        let refused = roles.refusal(role, sql).await;
        assert_eq!(refused.as_deref(), expected, "{role}: {sql}");
    }
    roles.drop_them().await;
}
