//! `api`, `worker` and `standalone`: the process roles.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::net::TcpListener;

use crate::amqp;
use crate::api::{self, Health, Needs};
use crate::apply::Apply;
use crate::config::Service;
use crate::pg::{self, Pool};
use crate::seal::MasterKeys;
use crate::shutdown::Shutdown;
use crate::{metrics, web};

/// Health and metrics are asked for by a kubelet and a Prometheus, not by a crowd.
const WORKER_CONNECTIONS: u32 = 64;

/// What every role opens before it does anything.
struct Opened {
    pool: Pool,
    master_keys: Arc<MasterKeys>,
    shutdown: Shutdown,
}

async fn open(config: &Service) -> Result<Opened> {
    config.check()?;
    metrics::install();
    let master_keys = Arc::new(MasterKeys::parse(&config.keys.text()?)?);
    let pool = pg::connect(&config.database)?;
    pg::check_schema(&pool).await?;
    let shutdown = Shutdown::new();
    shutdown.listen_to_signals().context("signals cannot be listened to")?;
    shutdown.spawn(metrics::keep_up(shutdown.drain_token()));
    Ok(Opened { pool, master_keys, shutdown })
}

pub async fn api(config: Service) -> Result<()> {
    let opened = open(&config).await?;
    let listener = bind("LISTEN", &config.http.listen).await?;
    start_api(&config, &opened, listener);
    finish(&config, &opened.shutdown).await
}

pub async fn worker(config: Service) -> Result<()> {
    let opened = open(&config).await?;
    // Without a broker a worker can do nothing: better said at the start than retried in silence.
    amqp::ping(&config.broker).await?;
    let listener = bind_health(&config).await?;
    start_worker(&config, &opened);
    if let Some(listener) = listener {
        let health = Health::new(opened.pool.clone(), config.broker.clone(), Needs::Both);
        let limits = web::Limits { connections: WORKER_CONNECTIONS, uploads_grace: Duration::ZERO };
        let (router, shutdown) = (web::layers(health.router()), opened.shutdown.clone());
        opened.shutdown.spawn(async move {
            web::serve(listener, router, limits, &shutdown).await;
        });
    }
    finish(&config, &opened.shutdown).await
}

pub async fn standalone(config: Service) -> Result<()> {
    let opened = open(&config).await?;
    let listener = bind("LISTEN", &config.http.listen).await?;
    start_worker(&config, &opened);
    start_api(&config, &opened, listener);
    finish(&config, &opened.shutdown).await
}

/// Spawned, so that the grace also ends a caller who never reads its answer.
fn start_api(config: &Service, opened: &Opened, listener: TcpListener) {
    let Opened { pool, master_keys, shutdown } = opened;
    let (config, stop) = (config.clone(), shutdown.clone());
    let (pool, master_keys) = (pool.clone(), master_keys.clone());
    shutdown.spawn(async move {
        api::serve(&config, pool, master_keys, listener, &stop).await;
    });
}

fn start_worker(config: &Service, opened: &Opened) {
    let apply = Apply::new(
        opened.pool.clone(),
        config.broker.clone(),
        opened.master_keys.clone(),
        &config.worker,
    );
    opened.shutdown.spawn(Arc::new(apply).run(opened.shutdown.clone()));
}

async fn finish(config: &Service, shutdown: &Shutdown) -> Result<()> {
    let grace = Duration::from_secs(config.shutdown_grace_seconds);
    if shutdown.finished(grace).await {
        tracing::info!("stopped");
        return Ok(());
    }
    bail!(
        "stopped before everything was finished; nothing is lost, for what was under way is \
         delivered again"
    )
}

async fn bind_health(config: &Service) -> Result<Option<TcpListener>> {
    match config.worker.worker_listen.as_str() {
        "none" => Ok(None),
        address => bind("WORKER_LISTEN", address).await.map(Some),
    }
}

async fn bind(setting: &str, address: &str) -> Result<TcpListener> {
    if address.parse::<SocketAddr>().is_err() {
        bail!("{setting} {address} is no address; it looks like 127.0.0.1:8080");
    }
    let listener = match TcpListener::bind(address).await {
        Ok(listener) => listener,
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            bail!("{setting} {address} is taken; stop what listens there or choose another port")
        }
        Err(error) => bail!("{setting} {address} cannot be listened on ({})", error.kind()),
    };
    let address = listener.local_addr().context("the listener has no address")?;
    tracing::info!(%address, "listening");
    Ok(listener)
}
