//! The pool of connections, with a limit on its size and a time limit on every wait.

use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, RecyclingMethod, Runtime, Timeouts};

use super::Error;
use crate::config::{ConfigError, Database};

pub type Pool = deadpool_postgres::Pool;
pub type Client = deadpool_postgres::Client;
pub type Transaction<'a> = deadpool_postgres::Transaction<'a>;

/// How long a caller waits for a free connection; longer, and it is told to come back.
const WAIT: Duration = Duration::from_secs(10);
/// How long a TCP connect and a handshake may take: ten round trips of the slowest network.
const CONNECT: Duration = Duration::from_secs(5);

/// Makes the pool; nothing is connected before somebody asks.
pub fn connect(config: &Database) -> Result<Pool, ConfigError> {
    let url = config.url()?;
    let mut driver = url.driver.clone();
    driver.application_name("user-import");
    driver.connect_timeout(CONNECT);
    // A peer that vanished is noticed within 15 + 3 * 5 s, long before its locks' own limits.
    driver.keepalives(true);
    driver.keepalives_idle(Duration::from_secs(15));
    driver.keepalives_interval(Duration::from_secs(5));
    driver.keepalives_retries(3);
    // Data that a dead peer never acknowledges, likewise.
    driver.tcp_user_timeout(Duration::from_secs(30));
    let manager = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = match super::tls::connector(&url)? {
        None => Manager::from_config(driver, tokio_postgres::NoTls, manager),
        Some(tls) => Manager::from_config(driver, tls, manager),
    };
    Ok(Pool::builder(manager)
        .max_size(config.database_connections as usize)
        .runtime(Runtime::Tokio1)
        .timeouts(Timeouts { wait: Some(WAIT), create: Some(CONNECT * 2), recycle: Some(CONNECT) })
        .build()
        .expect("a runtime is given, and nothing else is refused"))
}

/// Begins a transaction under these limits, `SET LOCAL` each.
pub async fn begin<'a>(client: &'a mut Client, limits: &str) -> Result<Transaction<'a>, Error> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(limits).await?;
    Ok(transaction)
}

/// Asks Postgres for nothing, to learn whether it answers.
pub async fn ping(pool: &Pool) -> Result<(), Error> {
    pool.get().await?.simple_query("").await?;
    Ok(())
}
