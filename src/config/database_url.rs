//! A Postgres URL, and the TLS settings that tokio-postgres does not know.
//!
//! `sslmode=verify-ca`, `sslmode=verify-full` and `sslrootcert` are taken out of the URL here,
//! for the driver refuses them; the connector is built from what was taken.

use std::path::PathBuf;

use super::ConfigError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsMode {
    /// No TLS. `sslmode=disable` and, as no certificate is checked by `prefer`, the default.
    Off,
    /// TLS, and the server's certificate is checked against the CA and the host's name.
    VerifyFull,
}

/// Where Postgres is and how it is spoken to. Its `Debug` shows no password.
#[derive(Clone)]
pub struct DatabaseUrl {
    pub driver: tokio_postgres::Config,
    pub tls: TlsMode,
    pub root_certificate: Option<PathBuf>,
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DatabaseUrl")
            .field("hosts", &self.driver.get_hosts())
            .field("ports", &self.driver.get_ports())
            .field("dbname", &self.driver.get_dbname())
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

impl DatabaseUrl {
    /// Reads `postgres://` and `postgresql://` URLs. The error never shows the URL: it may hold a
    /// password.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(ConfigError::DatabaseUrl("it does not begin with postgres://"));
        }
        let (base, query) = text.split_once('?').unwrap_or((text, ""));
        let mut tls = TlsMode::Off;
        let mut root_certificate = None;
        let mut kept = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", mode)) => tls = tls_mode(mode)?,
                Some(("sslrootcert", file)) => root_certificate = Some(PathBuf::from(file)),
                _ => kept.push(pair),
            }
        }
        let driver = format!("{base}?{}", kept.join("&"))
            .parse::<tokio_postgres::Config>()
            .map_err(|_| ConfigError::DatabaseUrl("it cannot be read as a URL"))?;
        if driver.get_hosts().is_empty() {
            return Err(ConfigError::DatabaseUrl("it names no host"));
        }
        Ok(Self { driver, tls, root_certificate })
    }
}

fn tls_mode(mode: &str) -> Result<TlsMode, ConfigError> {
    match mode {
        // `prefer` would give the password to whoever answers; it is read as what it is worth.
        "disable" | "prefer" | "allow" => Ok(TlsMode::Off),
        // A certificate that is not checked protects from nobody, so `require` checks it too.
        "require" | "verify-ca" | "verify-full" => Ok(TlsMode::VerifyFull),
        _ => Err(ConfigError::DatabaseUrl("its sslmode is none that exists")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_settings_are_taken_out_of_the_url() {
        let url = DatabaseUrl::parse(
            "postgres://u:p@h:5433/db?sslmode=verify-full&sslrootcert=ca.pem&connect_timeout=3",
        )
        .unwrap();
        assert_eq!(url.tls, TlsMode::VerifyFull);
        assert_eq!(url.root_certificate, Some(PathBuf::from("ca.pem")));
        assert_eq!(url.driver.get_dbname(), Some("db"));
        assert!(!format!("{url:?}").contains("p@"));
    }

    #[test]
    fn a_wrong_url_is_refused_in_one_sentence_without_the_url() {
        for wrong in [
            "mysql://h/db",
            "postgres://",
            "postgres://u:secret@h:x/db",
            "postgres://h/d?sslmode=maybe",
        ] {
            let text = DatabaseUrl::parse(wrong).unwrap_err().to_string();
            assert!(!text.contains("secret") && text.contains("DATABASE_URL"), "{text}");
        }
    }
}
