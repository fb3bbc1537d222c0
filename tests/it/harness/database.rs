//! A database for one test, cloned from a migrated template.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::OnceCell;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, NoTls, Row};

use super::{Servers, with_address};

/// Of `pg_advisory_lock`: whoever makes the template holds it. Arbitrary.
const TEMPLATE_LOCK: i64 = 0x7465_6d70_6c61_7465;

/// Dropped from the server when it is dropped here.
#[derive(Debug)]
pub struct Database {
    pub name: String,
    pub url: String,
    servers: Servers,
    client: OnceCell<Client>,
}

impl Database {
    /// A migrated database without a row in it.
    pub async fn migrated(servers: &Servers) -> Self {
        let admin = connect(&servers.database_url).await;
        let template = make_template(servers, &admin).await;
        Self::create(servers, &admin, &format!("TEMPLATE {template}")).await
    }

    /// A database without a schema.
    pub async fn empty(servers: &Servers) -> Self {
        let admin = connect(&servers.database_url).await;
        Self::create(servers, &admin, "").await
    }

    async fn create(servers: &Servers, admin: &Client, how: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("ui_test_{}_{number}", std::process::id());
        admin.batch_execute(&format!("CREATE DATABASE {name} {how}")).await.unwrap();
        Self {
            url: servers.database(&name),
            name,
            servers: servers.clone(),
            client: OnceCell::new(),
        }
    }

    /// A connection of its own.
    pub async fn connect(&self) -> Client {
        connect(&self.url).await
    }

    /// As [`Self::connect`], for a server that may be away.
    pub async fn try_connect(&self) -> Result<Client, tokio_postgres::Error> {
        try_connect(&self.url).await
    }

    /// The product's own pool on this database.
    pub fn pool(&self) -> user_import::pg::Pool {
        pool(&self.url)
    }

    /// The same database is behind another `host:port` now.
    pub fn follow(&mut self, address: &str) {
        self.url = with_address(&self.url, address);
        self.servers.database_url = with_address(&self.servers.database_url, address);
        self.renew();
    }

    /// Forgets the connection that was kept, for a server that was away.
    pub fn renew(&mut self) {
        self.client.take();
    }

    pub async fn sql(&self) -> &Client {
        self.client.get_or_init(|| self.connect()).await
    }

    pub async fn row(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Row {
        let rows = self.rows(sql, values).await;
        assert_eq!(rows.len(), 1, "{sql}");
        rows.into_iter().next().unwrap()
    }

    pub async fn rows(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Vec<Row> {
        self.sql().await.query(sql, values).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"))
    }

    pub async fn count(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> i64 {
        self.row(sql, values).await.get(0)
    }

    pub async fn execute(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> u64 {
        self.sql()
            .await
            .execute(sql, values)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error:?}"))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (url, name) = (self.servers.database_url.clone(), self.name.clone());
        super::world::block_on_elsewhere(async move {
            let admin = connect(&url).await;
            let _ =
                admin.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        });
    }
}

async fn connect(url: &str) -> Client {
    try_connect(url)
        .await
        .unwrap_or_else(|error| panic!("Postgres cannot be reached ({error}); run `make test`"))
}

async fn try_connect(url: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(async move {
        // Ends with the client, or when the database is dropped under it.
        let _ = connection.await;
    });
    Ok(client)
}

fn pool(url: &str) -> user_import::pg::Pool {
    let config = user_import::config::Database {
        database_url: Some(url.to_owned()),
        database_url_file: None,
        database_connections: 8,
    };
    user_import::pg::connect(&config).expect("the servers' URL is a valid one")
}

/// Makes the template once for all runs with these migrations on this server, and returns its name.
async fn make_template(servers: &Servers, admin: &Client) -> String {
    let name = format!("ui_template_{:016x}", hash_of_migrations());
    admin.execute("SELECT pg_advisory_lock($1)", &[&TEMPLATE_LOCK]).await.unwrap();
    let there = admin.query("SELECT FROM pg_database WHERE datname = $1", &[&name]).await.unwrap();
    if there.is_empty() {
        // Under another name until it is whole: a run that dies here leaves no half template.
        let raw = format!("{name}_raw");
        admin.batch_execute(&format!("DROP DATABASE IF EXISTS {raw} WITH (FORCE)")).await.unwrap();
        admin.batch_execute(&format!("CREATE DATABASE {raw}")).await.unwrap();
        let pool = pool(&servers.database(&raw));
        user_import::pg::migrate(&pool).await.expect("the migrations apply to an empty database");
        pool.close();
        // The pool's connections end in their own time; who is left is sent away.
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
        admin.query(end, &[&raw]).await.unwrap();
        super::eventually("the template is left alone", 10, async || {
            admin.batch_execute(&format!("ALTER DATABASE {raw} RENAME TO {name}")).await
        })
        .await;
    }
    admin.execute("SELECT pg_advisory_unlock($1)", &[&TEMPLATE_LOCK]).await.unwrap();
    name
}

fn hash_of_migrations() -> u64 {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        (file.file_name(), std::fs::read(&file).unwrap()).hash(&mut hasher);
    }
    hasher.finish()
}
