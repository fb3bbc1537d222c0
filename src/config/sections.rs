//! The settings, by who takes them.

use std::path::PathBuf;

use clap::Args;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Everything that `api`, `worker` and `standalone` can be told.
#[derive(Debug, Clone, Args)]
pub struct Service {
    #[command(flatten)]
    pub database: Database,
    #[command(flatten)]
    pub broker: Broker,
    #[command(flatten)]
    pub keys: Keys,
    #[command(flatten)]
    pub http: Http,
    #[command(flatten)]
    pub intake: Intake,
    #[command(flatten)]
    pub relay: Relay,
    #[command(flatten)]
    pub worker: Worker,
    #[command(flatten)]
    pub janitor: Janitor,
    #[command(flatten)]
    pub verify: Verify,
    #[command(flatten)]
    pub log: Log,
    /// How long a stopping process may take to finish what it holds, in seconds.
    // Five seconds less than the 30 s that Kubernetes waits by default.
    #[arg(long, env, default_value_t = 25, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub shutdown_grace_seconds: u64,
}

#[derive(Debug, Clone, Args)]
pub struct Database {
    /// Where Postgres is: `postgres://user:password@host:5432/name`; `sslmode=verify-full` and
    /// `sslrootcert=FILE` are understood.
    #[arg(long, env, hide_env_values = true)]
    pub database_url: Option<String>,
    /// A file that holds what `DATABASE_URL` would.
    #[arg(long, env)]
    pub database_url_file: Option<PathBuf>,
    /// Connections of this process to Postgres at most.
    // A worker uses one a chunk at once, an API process one a request that is under way in
    // Postgres; three of each stay below the 100 that Postgres allows by default.
    #[arg(long, env, default_value_t = 16, value_parser = clap::value_parser!(u32).range(2..=1000))]
    pub database_connections: u32,
}

#[derive(Debug, Clone, Args)]
pub struct Broker {
    /// Where RabbitMQ is: `amqp://user:password@host:5672/vhost` or `amqps://`.
    #[arg(long, env, hide_env_values = true)]
    pub amqp_url: Option<String>,
    /// A file that holds what `AMQP_URL` would; read anew for each connection.
    #[arg(long, env)]
    pub amqp_url_file: Option<PathBuf>,
    /// Names of the exchange and the queues begin with it.
    #[arg(long, env, default_value = "user-import")]
    pub amqp_prefix: String,
}

#[derive(Debug, Clone, Args)]
pub struct Keys {
    /// 32 bytes in base64, or `ID:KEY,ID:KEY` of which the first seals and all open.
    #[arg(long, env, hide_env_values = true)]
    pub master_key: Option<String>,
    /// A file that holds what `MASTER_KEY` would.
    #[arg(long, env)]
    pub master_key_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub struct Http {
    /// Where the API listens; port 0 picks one and logs it.
    #[arg(long, env, default_value = "127.0.0.1:8080")]
    pub listen: String,
    /// Connections at most; the next waits in the backlog.
    #[arg(long, env, default_value_t = 4096, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_connections: u32,
}

#[derive(Debug, Clone, Args)]
pub struct Intake {
    /// Records in a chunk at most; a chunk is also cut at about 1 MiB.
    ///
    /// Fewer cost throughput (the table in docs/performance.md), more are mostly cut by their bytes.
    #[arg(long, env, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub chunk_records: u32,
    /// A JSON body at most.
    #[arg(long, env, default_value_t = 64 * MIB, value_parser = clap::value_parser!(u64).range(1..=GIB))]
    pub max_json_body_bytes: u64,
    /// What JSON bodies being read may hold together; the next waits.
    #[arg(long, env, default_value_t = 256 * MIB)]
    pub json_bodies_bytes: u64,
    /// A record at most.
    // A chunk of almost 1 MiB and one more record has to fit a message, even if nothing of it can be
    // compressed. RabbitMQ 4 takes 16 MiB by default, RabbitMQ 3 128 MiB.
    #[arg(long, env, default_value_t = MIB, value_parser = clap::value_parser!(u64).range(KIB..=14 * MIB))]
    pub max_record_bytes: u64,
    /// Records in a task at most.
    #[arg(long, env, default_value_t = 10_000_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub max_task_records: u64,
    /// Decoded bytes of a task at most.
    #[arg(long, env, default_value_t = 16 * GIB)]
    pub max_task_bytes: u64,
    /// Tasks of a project that may be pending at once.
    #[arg(long, env, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_open_tasks: u32,
    /// Where an upload's order map goes past its bound in memory; the system's temporary folder
    /// if absent.
    #[arg(long, env)]
    pub spill_dir: Option<PathBuf>,
    /// What all order maps of the process may hold on disk together.
    #[arg(long, env, default_value_t = 4 * GIB)]
    pub spill_bytes: u64,
}

#[derive(Debug, Clone, Args)]
pub struct Relay {
    /// After this a published chunk without outcome is published again, in seconds.
    // Twice the deadline of a chunk in a worker, so that a healthy chunk is not doubled.
    #[arg(long, env, default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub chunk_lease_seconds: u32,
    /// Chunks ready in a queue at most, all tasks together; two a consumer when many consume.
    // The window is pure latency for whoever comes next: a small import behind a huge one took
    // 0.58 s at the 99th percentile with 16, 6.3 s with 256, at the same throughput.
    #[arg(long, env, default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub in_flight_chunks: u32,
}

#[derive(Debug, Clone, Args)]
pub struct Worker {
    /// Where a worker answers for its health and metrics; port 0 picks one and logs it, `none`
    /// has none.
    #[arg(long, env, default_value = "127.0.0.1:8081")]
    pub worker_listen: String,
    /// Chunks at once in one worker; as many as the machine has cores, and two at least, if absent.
    #[arg(long, env, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub worker_concurrency: Option<u32>,
    /// Starts of a chunk that ended with a worker's death, after which the chunk is split.
    #[arg(long, env, default_value_t = 4, value_parser = clap::value_parser!(u32).range(2..=100))]
    pub chunk_attempts: u32,
}

#[derive(Debug, Clone, Args)]
pub struct Janitor {
    /// How long a task is kept after it ended, in seconds.
    #[arg(long, env, default_value_t = 86_400, value_parser = clap::value_parser!(u32).range(0..=31_536_000))]
    pub task_retention_seconds: u32,
}

#[derive(Debug, Clone, Args)]
pub struct Verify {
    /// The bcrypt cost above which a password is not verified.
    // Cost 15 takes two to three seconds of a core; each step doubles it.
    #[arg(long, env, default_value_t = 15, value_parser = clap::value_parser!(u32).range(4..=31))]
    pub verify_cost_limit: u32,
}

#[derive(Debug, Clone, Args)]
pub struct Log {
    /// `text` or `json`; text on a terminal and JSON elsewhere if absent.
    #[arg(long, env, value_parser = ["text", "json"])]
    pub log_format: Option<String>,
    /// What is logged, as `tracing` filters are written.
    #[arg(long = "log", env = "RUST_LOG", default_value = "info")]
    pub filter: String,
    /// Where spans go by OTLP over gRPC; no traces if absent. The other standard `OTEL_*`
    /// variables are honoured.
    #[arg(long, env)]
    pub otel_exporter_otlp_endpoint: Option<String>,
}
