//! Where the two servers are.

/// The servers that `make test` starts, or those that the environment names.
#[derive(Debug, Clone)]
pub struct Servers {
    pub database_url: String,
    pub amqp_url: String,
}

impl Servers {
    pub fn from_env() -> Self {
        let get = |name| {
            std::env::var(name).unwrap_or_else(|_| {
                panic!("{name} is not set: the tests need a real Postgres and RabbitMQ; run `make test`")
            })
        };
        Self { database_url: get("DATABASE_URL"), amqp_url: get("AMQP_URL") }
    }

    /// The same Postgres server, another database.
    pub fn database(&self, name: &str) -> String {
        let (base, query) = match self.database_url.split_once('?') {
            Some((base, query)) => (base, format!("?{query}")),
            None => (self.database_url.as_str(), String::new()),
        };
        let (server, _) = base.rsplit_once('/').expect("a URL with a database");
        format!("{server}/{name}{query}")
    }
}

/// The range of `host:port` in a URL.
fn address_range(url: &str) -> std::ops::Range<usize> {
    let start = url.find("://").expect("a URL has a scheme") + 3;
    let end = url[start..].find(['/', '?']).map_or(url.len(), |i| start + i);
    let start = url[start..end].rfind('@').map_or(start, |i| start + i + 1);
    start..end
}

/// `host:port` of a URL, with the port that its scheme implies.
pub fn address_of(url: &str) -> String {
    let address = &url[address_range(url)];
    let port = if url.starts_with("amqp") { 5672 } else { 5432 };
    if address.contains(':') { address.to_owned() } else { format!("{address}:{port}") }
}

/// The same URL through another `host:port`, such as a proxy's.
pub fn with_address(url: &str, address: impl std::fmt::Display) -> String {
    let mut url = url.to_owned();
    url.replace_range(address_range(&url), &address.to_string());
    url
}
