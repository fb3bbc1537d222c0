//! Everything that one test has for itself.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{Broker, Client, Database, Process, Role, Servers, with_address};

/// A master key that every process of a test shares: 32 bytes in base64.
const MASTER_KEY: &str = "dGVzdC1tYXN0ZXIta2V5LW9mLTMyLWJ5dGVzLWxvbmc=";

/// Declare it before the processes that run in it: they are dropped, and so killed, first.
#[derive(Debug)]
pub struct World {
    pub servers: Servers,
    pub database: Database,
    pub broker: Broker,
    /// Logs and keys; removed if the test succeeds.
    pub folder: PathBuf,
    env: BTreeMap<String, String>,
}

impl World {
    /// A world with the project `acme`.
    pub async fn new() -> Self {
        let world = Self::without_project().await;
        world.create_project("acme").await;
        world
    }

    /// A world with the project `acme` on servers of its own.
    pub async fn on(servers: Servers) -> Self {
        let database = Database::migrated(&servers).await;
        let world = Self::around(servers, database);
        world.create_project("acme").await;
        world
    }

    /// Forgets the connections that were kept, for servers that were away.
    pub fn renew(&mut self) {
        self.database.renew();
        self.broker.renew();
    }

    /// Postgres is behind another `host:port` now, for whoever connects or is started from here on.
    pub fn follow_postgres(&mut self, address: &str) {
        self.servers.database_url = with_address(&self.servers.database_url, address);
        self.database.follow(address);
        self.env.insert("DATABASE_URL".to_owned(), self.database.url.clone());
    }

    pub async fn without_project() -> Self {
        let servers = Servers::from_env();
        let database = Database::migrated(&servers).await;
        Self::around(servers, database)
    }

    pub async fn without_schema() -> Self {
        let servers = Servers::from_env();
        let database = Database::empty(&servers).await;
        Self::around(servers, database)
    }

    fn around(servers: Servers, database: Database) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("world-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let broker = Broker::new(&servers);
        let env = [
            ("DATABASE_URL", database.url.as_str()),
            ("AMQP_URL", &servers.amqp_url),
            ("AMQP_PREFIX", &broker.prefix),
            ("MASTER_KEY", MASTER_KEY),
            ("LISTEN", "127.0.0.1:0"),
            ("WORKER_LISTEN", "127.0.0.1:0"),
            ("WORKER_CONCURRENCY", "3"),
            ("LOG_FORMAT", "json"),
            ("RUST_LOG", "info,user_import=debug"),
            ("RUST_BACKTRACE", "1"),
        ];
        let env =
            env.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { servers, database, broker, folder, env }
    }

    /// The binary with this world's settings, about to be started.
    pub fn role(&self, arguments: &[&str]) -> Role {
        Role::new(&self.folder, self.env.clone(), arguments)
    }

    pub fn api(&self) -> Role {
        self.role(&["api"])
    }

    pub fn worker(&self) -> Role {
        self.role(&["worker"])
    }

    fn key_file(&self, project: &str) -> PathBuf {
        self.folder.join(format!("{project}.key"))
    }

    /// Makes a project with a key whose private part lies in the world's folder.
    pub async fn create_project(&self, name: &str) {
        let key = self.key_file(name);
        let ended =
            self.role(&["project", "create", name, "--key-out", key.to_str().unwrap()]).run().await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }

    /// A token for a project, made by the binary.
    pub async fn token(&self, project: &str) -> String {
        self.token_for(project, "1h").await
    }

    /// A token that lasts as long as `ttl` says.
    pub async fn token_for(&self, project: &str, ttl: &str) -> String {
        let key = self.key_file(project).display().to_string();
        let arguments = ["token", "--project", project, "--key", &key, "--ttl", ttl];
        let ended = self.role(&arguments).run().await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        ended.stdout.trim().to_owned()
    }

    /// A caller of the project `acme`.
    pub async fn client(&self, api: &Process) -> Client {
        self.client_of("acme", api).await
    }

    pub async fn client_of(&self, project: &str, api: &Process) -> Client {
        Client::new(api.address(), self.token(project).await)
    }

    /// An API process, its client and a number of workers, all with chunks of 100 records.
    pub async fn started(&self, workers: usize) -> (Process, Client, Vec<Process>) {
        let api = self.api().env("CHUNK_RECORDS", 100).start().await;
        let client = self.client(&api).await;
        let mut started = Vec::new();
        for _ in 0..workers {
            started.push(self.worker().start().await);
        }
        (api, client, started)
    }

    /// Everything that every process of this world wrote, by file.
    pub fn logs(&self) -> Vec<(PathBuf, String)> {
        let files = std::fs::read_dir(&self.folder).unwrap().map(|entry| entry.unwrap().path());
        let mut logs: Vec<PathBuf> =
            files.filter(|file| file.extension().is_some_and(|e| e == "log")).collect();
        logs.sort();
        logs.into_iter()
            .map(|file| (file.clone(), std::fs::read_to_string(&file).unwrap()))
            .collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = std::fs::remove_dir_all(&self.folder);
            return;
        }
        for (file, text) in self.logs() {
            // Answers to the test's own polling would hide the rest.
            let lines = text.lines().filter(|line| !line.contains(r#""message":"request""#));
            let lines: Vec<&str> = lines.collect();
            eprintln!("--- the last lines of {}", file.display());
            for line in &lines[lines.len().saturating_sub(15)..] {
                eprintln!("{line}");
            }
        }
    }
}

/// Runs a future to its end from a `drop`, on a thread and a runtime of its own.
pub fn block_on_elsewhere(future: impl Future<Output = ()> + Send + 'static) {
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let limit = std::time::Duration::from_secs(20);
        let _ = runtime.block_on(async { tokio::time::timeout(limit, future).await });
    });
    let _ = thread.join();
}
