//! The scenarios, by name.

mod clocks;
mod cluster;
mod disk;
mod messages;
mod mix;
mod network;
mod pooler;
mod postgres;
mod rabbitmq;
mod releases;
mod standby;
mod telemetry;
mod workers;

use std::time::Duration;

use futures_util::future::LocalBoxFuture;

use crate::stage::{Member, Stage};

/// Whose servers a scenario needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It disturbs nobody but its own processes and queues.
    Shared,
    /// It stops, kills or misleads a server.
    Private,
    /// As [`Place::Private`], and RabbitMQ is a cluster of three nodes.
    Cluster,
    /// As [`Place::Private`], and the processes reach Postgres through `PgBouncer`.
    Pooled,
}

#[derive(Debug)]
pub struct Scenario {
    pub name: &'static str,
    pub does: &'static str,
    pub place: Place,
    /// Gets what it needs beside the servers, or says why it cannot be played.
    pub prepare: fn() -> Result<(), String>,
    /// Less than this, and it has not happened.
    pub faults_min: u64,
    /// It takes less than half a minute, and is one of those of `make test`.
    pub is_short: bool,
    /// Tasks are completed while it lasts.
    pub completes: bool,
    /// Every upload is answered 200 while it lasts.
    pub accepts: bool,
    /// Its servers are not the same afterwards, and nobody else is to be played on them.
    pub ruins: bool,
    /// Returns how many faults fired, once they are over.
    pub run: for<'a> fn(&'a mut Stage) -> LocalBoxFuture<'a, u64>,
}

const USUAL: Scenario = Scenario {
    name: "",
    does: "",
    place: Place::Shared,
    prepare: || Ok(()),
    faults_min: 1,
    is_short: false,
    completes: true,
    accepts: false,
    ruins: false,
    run: |_| Box::pin(async { 0 }),
};

pub fn all() -> Vec<&'static Scenario> {
    let files = [
        workers::ALL,
        messages::ALL,
        network::ALL,
        rabbitmq::ALL,
        cluster::ALL,
        postgres::ALL,
        standby::ALL,
        pooler::ALL,
        disk::ALL,
        telemetry::ALL,
        clocks::ALL,
        releases::ALL,
        mix::ALL,
    ];
    files.into_iter().flatten().collect()
}

async fn seconds(count: u64) {
    tokio::time::sleep(Duration::from_secs(count)).await;
}

/// How often workers tried again after a fault that passes; of the processes of the moment.
async fn retries(stage: &Stage) -> u64 {
    sum(stage, &stage.workers, "user_import_transient_retries_total").await
}

/// What these processes have counted together.
async fn sum(stage: &Stage, members: &[Member], counter: &str) -> u64 {
    let mut sum = 0.0;
    for member in members {
        let metrics = stage.clients[0].metrics(member.process.address()).await;
        sum += metrics.sum(counter, "");
    }
    sum as u64
}
