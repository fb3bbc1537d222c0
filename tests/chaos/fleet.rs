//! An API and two workers, and who dies next.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use crate::harness::{Process, Role, World};
use crate::random::Random;

#[derive(Debug)]
pub struct Fleet {
    api: Process,
    workers: Vec<Process>,
    random: Random,
    address: Arc<Mutex<SocketAddr>>,
    /// How often each was killed.
    pub kills: BTreeMap<String, u32>,
}

fn settings(role: Role) -> Role {
    // Every chunk is open for a while, so that a kill finds several in the middle; what a dead
    // relay had claimed comes back soon.
    role.env("CHUNK_RECORDS", 100).env("CHUNK_LEASE_SECONDS", 3).env("RUST_LOG", "info").failpoints(
        "apply.before_commit=delay:30;apply.after_commit=delay:10;relay.after_publish=delay:10",
    )
}

impl Fleet {
    pub async fn start(world: &World, seed: u64) -> Self {
        let api = settings(world.api()).start().await;
        let workers =
            vec![settings(world.worker()).start().await, settings(world.worker()).start().await];
        let address = Arc::new(Mutex::new(api.address()));
        Self { api, workers, random: Random(seed), address, kills: BTreeMap::new() }
    }

    pub fn api(&self) -> &Process {
        &self.api
    }

    /// Where the API of the moment listens: each restart picks a port.
    pub fn address(&self) -> Arc<Mutex<SocketAddr>> {
        self.address.clone()
    }

    /// Kills one of the three and starts it again at once.
    pub async fn kill_one(&mut self) {
        let choice = self.random.below(3) as usize;
        let (name, process) = match choice {
            0 => ("api".to_owned(), &mut self.api),
            worker => (format!("worker {worker}"), &mut self.workers[worker - 1]),
        };
        *self.kills.entry(name).or_default() += 1;
        process.kill();
        process.again().await;
        *self.address.lock().unwrap() = self.api.address();
    }
}
