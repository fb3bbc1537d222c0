//! What is missing, and what is each valid and together wrong.

use std::num::NonZeroUsize;

use super::from_file::text_or_file;
use super::{Broker, Database, DatabaseUrl, Keys, Service, Worker};

/// Each says what is wrong, where, and what to do; none shows a secret.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error(
        "DATABASE_URL is not set; give the address of Postgres, as in postgres://user@127.0.0.1:5432/user_import"
    )]
    NoDatabaseUrl,
    #[error(
        "DATABASE_URL cannot be used: {0}; it looks like postgres://user:password@host:5432/name"
    )]
    DatabaseUrl(&'static str),
    #[error(
        "AMQP_URL is not set; give the address of RabbitMQ, as in amqp://guest:guest@127.0.0.1:5672"
    )]
    NoAmqpUrl,
    #[error("AMQP_URL cannot be used: {0}; it looks like amqp://user:password@host:5672/vhost")]
    AmqpUrl(&'static str),
    #[error("AMQP_PREFIX may hold 1 to 100 letters, digits, '.', '_' and '-'")]
    AmqpPrefix,
    #[error(
        "neither MASTER_KEY nor MASTER_KEY_FILE is set; make a key with `head -c 32 /dev/urandom | base64` and keep it safe"
    )]
    NoMasterKey,
    #[error("{0} and {0}_FILE are both set; give one of them")]
    Both(&'static str),
    #[error(
        "{setting}_FILE {path} cannot be read ({kind}); check that it exists and that this user may read it"
    )]
    File { setting: &'static str, path: String, kind: std::io::ErrorKind },
    #[error("{0}")]
    Together(String),
}

impl Database {
    pub fn url(&self) -> Result<DatabaseUrl, ConfigError> {
        let text = text_or_file(
            "DATABASE_URL",
            self.database_url.as_deref(),
            self.database_url_file.as_deref(),
        )?;
        DatabaseUrl::parse(&text.ok_or(ConfigError::NoDatabaseUrl)?)
    }
}

impl Broker {
    /// The URL after a look at its scheme; lapin reads the rest.
    pub fn url(&self) -> Result<String, ConfigError> {
        let text =
            text_or_file("AMQP_URL", self.amqp_url.as_deref(), self.amqp_url_file.as_deref())?;
        let url = text.ok_or(ConfigError::NoAmqpUrl)?;
        let rest = url.strip_prefix("amqp://").or_else(|| url.strip_prefix("amqps://"));
        match rest {
            None => Err(ConfigError::AmqpUrl("it does not begin with amqp:// or amqps://")),
            Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                Err(ConfigError::AmqpUrl("it names no host"))
            }
            Some(_) => Ok(url),
        }
    }

    fn check_prefix(&self) -> Result<(), ConfigError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if (1..=100).contains(&self.amqp_prefix.len()) && self.amqp_prefix.chars().all(fits) {
            Ok(())
        } else {
            Err(ConfigError::AmqpPrefix)
        }
    }
}

impl Keys {
    /// The text of the master key setting, from whichever of the two places holds it.
    pub fn text(&self) -> Result<String, ConfigError> {
        let text =
            text_or_file("MASTER_KEY", self.master_key.as_deref(), self.master_key_file.as_deref());
        text?.ok_or(ConfigError::NoMasterKey)
    }
}

impl Worker {
    /// `WORKER_CONCURRENCY`, or as many as the machine has cores, and two at least: one waits for
    /// Postgres while another is computed. More of them only crowd each other out of the caches.
    pub fn concurrency(&self) -> usize {
        self.worker_concurrency.map_or_else(
            || std::thread::available_parallelism().map_or(2, NonZeroUsize::get).max(2),
            |chunks| chunks as usize,
        )
    }
}

impl Service {
    /// Refuses what cannot work together, with the sentence that says what to change.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.database.url()?;
        self.broker.url()?;
        self.broker.check_prefix()?;
        // A worker takes one connection a chunk, one more to record a suspect's start, and one
        // stays for its health.
        let needed = self.worker.concurrency() + 2;
        if (self.database.database_connections as usize) < needed {
            return Err(ConfigError::Together(format!(
                "WORKER_CONCURRENCY {} needs {needed} connections to Postgres, and \
                 DATABASE_CONNECTIONS allows {}; raise it or lower the concurrency",
                self.worker.concurrency(),
                self.database.database_connections,
            )));
        }
        let bodies = (self.intake.json_bodies_bytes, self.intake.max_json_body_bytes);
        if bodies.0 < bodies.1 {
            return Err(ConfigError::Together(
                "JSON_BODIES_BYTES is smaller than MAX_JSON_BODY_BYTES, so the largest body would \
                 wait for ever; raise the one or lower the other"
                    .to_owned(),
            ));
        }
        Ok(())
    }
}
