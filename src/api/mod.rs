//! The processes put together: routers, layers, health, and what runs beside them.
//!
//! `serve` takes its listener and its stop signal as arguments, so that a test starts the same
//! thing that `main` does. A stage is mentioned here once, where it is plugged in.

mod health;
pub mod openapi;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::config::Service;
use crate::pg::Pool;
use crate::relay::Relay;
use crate::seal::MasterKeys;
use crate::shutdown::Shutdown;
use crate::{directory, intake, janitor, relay, report, web};

pub use health::{Health, Needs};

/// Uploads that do not finish within the grace are answered; the answer has so long to get out.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Serves the API and runs the relay and the janitor until the process drains.
pub async fn serve(
    config: &Service,
    pool: Pool,
    master_keys: Arc<MasterKeys>,
    listener: TcpListener,
    shutdown: &Shutdown,
) {
    let poke = Arc::new(Notify::new());
    let relay = Relay {
        pool: pool.clone(),
        broker: config.broker.clone(),
        settings: config.relay.clone(),
        poke: poke.clone(),
    };
    shutdown.spawn(relay.run(shutdown.clone()));
    shutdown.spawn(relay::gauge(pool.clone(), shutdown.clone()));
    shutdown.spawn(janitor::run(pool.clone(), config.janitor.clone(), shutdown.clone()));
    let health = Health::new(pool.clone(), config.broker.clone(), Needs::Postgres);
    let router = Router::new()
        .nest(openapi::ADMIN, stages(config, pool, master_keys, poke, shutdown))
        .merge(openapi::routes().with_state(()))
        .merge(health.router());
    let grace = Duration::from_secs(config.shutdown_grace_seconds);
    let limits = web::Limits {
        connections: config.http.max_connections,
        uploads_grace: grace.saturating_sub(LAST_WORDS),
    };
    web::serve(listener, web::layers(router), limits, shutdown).await;
}

fn stages(
    config: &Service,
    pool: Pool,
    master_keys: Arc<MasterKeys>,
    poke: Arc<Notify>,
    shutdown: &Shutdown,
) -> Router {
    let auth = web::Auth::new(pool.clone());
    let intake = intake::State::new(
        pool.clone(),
        config.intake.clone(),
        master_keys,
        poke,
        auth.clone(),
        shutdown.clone(),
    );
    let directory = directory::State {
        pool: pool.clone(),
        auth: auth.clone(),
        hashing: directory::Hashing::new(&config.verify),
    };
    let watches = report::Watches::new(pool.clone(), shutdown.clone());
    let report = report::State { pool, auth, watches };
    Router::new()
        .merge(intake::routes().with_state(intake))
        .merge(directory::routes().with_state(directory))
        .merge(report::routes().with_state(report))
}
