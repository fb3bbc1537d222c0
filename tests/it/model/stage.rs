//! The product around one database: intake and reports over HTTP, and workers handed their
//! messages by the test.
//!
//! Everything here is the product's own code but the broker: the test stands in its place, so
//! that it can shuffle and double what is delivered as no broker ever would.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use clap::Args;
use futures_util::future::join_all;
use serde_json::{Map, Value};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use user_import::amqp::ChunkMessage;
use user_import::apply::{Apply, Settle};
use user_import::config::Service;
use user_import::project::key::NewKey;
use user_import::seal::MasterKeys;
use user_import::shutdown::Shutdown;
use user_import::{directory, intake, project, report, web};

use super::serial::Options;
use super::universe::Settings;
use crate::harness::{Client, Database, Servers, answer};

const MASTER_KEY: &str = "dGVzdC1tYXN0ZXIta2V5LW9mLTMyLWJ5dGVzLWxvbmc=";

/// Sizes of chunks that there is an API for. The last holds every record of a task.
pub const CHUNK_RECORDS: [usize; 4] = [1, 2, 3, 12];
pub const WORKERS_MAX: usize = 4;

pub struct Stage {
    database: Database,
    pool: user_import::pg::Pool,
    key: NewKey,
    /// Without a token yet. One for all cases: to make one costs as much as a case.
    client: Client,
    apis: Vec<std::net::SocketAddr>,
    workers: Vec<Arc<Apply>>,
    shutdown: Shutdown,
}

/// How the messages of a task reach the workers.
#[derive(Debug, Clone)]
pub struct Handing {
    pub chunk_records: usize,
    pub workers: usize,
    /// Decides order, doubles, and who gets what.
    pub seed: u64,
}

impl Stage {
    pub async fn new(servers: &Servers) -> Self {
        let database = Database::migrated(servers).await;
        // Thousands of small transactions, and no crash to survive in this test.
        let fast = format!("ALTER DATABASE {} SET synchronous_commit = off", database.name);
        database.execute(&fast, &[]).await;
        let pool = user_import::pg::connect(&user_import::config::Database {
            database_url: Some(database.url.clone()),
            database_url_file: None,
            // Two for a worker with a suspect, and the API's.
            database_connections: 16,
        });
        let pool = pool.expect("the servers' URL is a valid one");
        let master_keys = Arc::new(MasterKeys::parse(MASTER_KEY).expect("a sound key"));
        let shutdown = Shutdown::new();
        let mut apis = Vec::new();
        for chunk_records in CHUNK_RECORDS {
            let mut config = settings();
            config.intake.chunk_records = chunk_records as u32;
            apis.push(serve(&config, &pool, &master_keys, &shutdown).await);
        }
        let mut config = settings();
        config.worker.worker_concurrency = Some(1);
        let worker = || {
            let keys = master_keys.clone();
            Arc::new(Apply::new(pool.clone(), config.broker.clone(), keys, &config.worker))
        };
        let workers = (0..WORKERS_MAX).map(|_| worker()).collect();
        let key = project::key::generate().unwrap();
        let client = Client::new(apis[0], String::new());
        Self { database, pool, key, client, apis, workers, shutdown }
    }

    /// A project of its own for a case.
    pub async fn project(&self, name: &str, settings: &Settings) -> Client {
        project::store::create(&self.pool, name, &self.key, || Ok::<_, project::Error>(()))
            .await
            .unwrap();
        let keys = if settings.keys_must_exist { "existing" } else { "create" };
        let assignments = [
            format!("email.case_sensitive={}", settings.email_case_sensitive),
            format!("email.ignore_dot_sign={}", settings.email_ignore_dot_sign),
            format!("username.case_sensitive={}", settings.username_case_sensitive),
            format!("unknown_roles_and_groups={keys}"),
        ];
        project::store::set(&self.pool, name, &assignments).await.unwrap();
        let add = "INSERT INTO project_role (project, name)
            SELECT number, 'reader' FROM project WHERE id = $1";
        self.database.execute(add, &[&name]).await;
        let add = "INSERT INTO project_group (project, name)
            SELECT number, 'staff' FROM project WHERE id = $1";
        self.database.execute(add, &[&name]).await;
        let token =
            project::key::sign_token(&self.key.private_pem, name, Duration::from_hours(1)).unwrap();
        self.client.with_token(&token)
    }

    /// Imports the records and returns their details.
    pub async fn import(
        &self,
        client: &Client,
        options: &Options,
        records: &[Map<String, Value>],
        handing: &Handing,
    ) -> Vec<Value> {
        let api = CHUNK_RECORDS.iter().position(|size| *size == handing.chunk_records).unwrap();
        let client = client.at(self.apis[api]);
        let lines: String =
            records.iter().map(|record| serde_json::to_string(record).unwrap() + "\n").collect();
        let query = format!(
            "identifier={}&upsert={}&dry_run={}",
            options.identifier, options.upsert, options.dry_run
        );
        let task = answer(client.ndjson(&query).body(lines)).await.task();
        let delivered = self.deliver(&task, handing);
        let limit = Duration::from_mins(1);
        tokio::time::timeout(limit, delivered).await.expect("a dozen records end within a minute");
        let seen = client.task(&task).await;
        assert_eq!(seen["status"], "completed", "{seen}");
        seen["details"].as_array().unwrap().clone()
    }

    /// Hands every chunk that is not yet applied to some worker, in rounds until none is left:
    /// in any order, some twice, and chunks that wait for others among them.
    async fn deliver(&self, task: &str, handing: &Handing) {
        let mut dice = Dice(handing.seed | 1);
        let mut late = Vec::new();
        for round in 0.. {
            assert!(round < 50, "a round applies at least one chunk of at most 12");
            let mut messages = self.unapplied(task).await;
            if messages.is_empty() {
                break;
            }
            let again = messages.iter().filter(|_| dice.roll(3) == 0).cloned().collect::<Vec<_>>();
            late.extend(messages.iter().filter(|_| dice.roll(4) == 0).cloned());
            messages.extend(again);
            dice.shuffle(&mut messages);
            self.hand_out(&messages, handing.workers, &mut dice).await;
        }
        // Long after the end they change nothing.
        self.hand_out(&late, handing.workers, &mut dice).await;
    }

    /// Each worker takes its share one by one, beside the others.
    async fn hand_out(&self, messages: &[ChunkMessage], workers: usize, dice: &mut Dice) {
        let mut shares = vec![Vec::new(); workers];
        for message in messages {
            let redelivered = dice.roll(5) == 0;
            shares[dice.roll(workers)].push((message, redelivered));
        }
        join_all(shares.into_iter().zip(&self.workers).map(async |(share, worker)| {
            for (message, redelivered) in share {
                let settle = worker.settle(message, redelivered, &self.shutdown).await;
                assert_eq!(settle, Settle::Ack);
            }
        }))
        .await;
    }

    async fn unapplied(&self, task: &str) -> Vec<ChunkMessage> {
        let sql = "SELECT c.project, c.task, c.first_index, c.record_count, c.sealed
            FROM import_chunk c JOIN import_task t USING (project, task)
            WHERE t.id = $1 AND c.applied_at IS NULL ORDER BY c.first_index";
        let rows = self.database.rows(sql, &[&task]).await;
        let message = |row: &tokio_postgres::Row| ChunkMessage {
            project: row.get(0),
            task: row.get(1),
            first_index: row.get(2),
            record_count: row.get(3),
            published: 1,
            traceparent: None,
            sealed: row.get::<_, Vec<u8>>(4).into(),
        };
        rows.iter().map(message).collect()
    }

    /// Every user of the project as the API shows it, but for its times, by id; with its hashes.
    pub async fn users(&self, client: &Client, project: &str) -> Vec<(Value, [Option<String>; 2])> {
        let sql = "SELECT u.id::text, s.password_hash, s.mfa_password_hash
            FROM project p JOIN directory_user u ON u.project = p.number
            LEFT JOIN user_secret s ON s.project = u.project AND s.user_id = u.id
            WHERE p.id = $1 ORDER BY u.id";
        let mut users = Vec::new();
        for row in self.database.rows(sql, &[&project]).await {
            let seen = client.get(&format!("/users/{}", row.get::<_, String>(0))).await;
            assert_eq!(seen.status, 200, "{}", seen.text);
            let Value::Object(mut user) = seen.json() else { panic!("a user is an object") };
            assert!(user.remove("created_at").is_some() && user.remove("updated_at").is_some());
            users.push((Value::Object(user), [row.get(1), row.get(2)]));
        }
        users
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.shutdown.drain();
        self.shutdown.abort();
        self.pool.close();
    }
}

/// The product's defaults: what the command line says where nothing is set.
fn settings() -> Service {
    use clap::FromArgMatches;
    let command = Service::augment_args(clap::Command::new("test"));
    let matches = command.try_get_matches_from(["test"]).unwrap();
    Service::from_arg_matches(&matches).unwrap()
}

async fn serve(
    config: &Service,
    pool: &user_import::pg::Pool,
    master_keys: &Arc<MasterKeys>,
    shutdown: &Shutdown,
) -> std::net::SocketAddr {
    let auth = web::Auth::new(pool.clone());
    let (poke, stop) = (Arc::new(Notify::new()), shutdown.clone());
    let intake = intake::State::new(
        pool.clone(),
        config.intake.clone(),
        master_keys.clone(),
        poke,
        auth.clone(),
        stop.clone(),
    );
    let directory = directory::State {
        pool: pool.clone(),
        auth: auth.clone(),
        hashing: directory::Hashing::new(&config.verify),
    };
    let watches = report::Watches::new(pool.clone(), stop.clone());
    let report = report::State { pool: pool.clone(), auth, watches };
    let stages = Router::new()
        .merge(intake::routes().with_state(intake))
        .merge(directory::routes().with_state(directory))
        .merge(report::routes().with_state(report));
    let router = web::layers(Router::new().nest("/_api/admin", stages));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let limits = web::Limits { connections: 64, uploads_grace: Duration::ZERO };
    shutdown.spawn(async move { web::serve(listener, router, limits, &stop).await });
    address
}

/// Chance that repeats itself: xorshift64.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % sides
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.roll(last + 1));
        }
    }
}
