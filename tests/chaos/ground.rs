//! A Postgres and a RabbitMQ of the scenarios' own, that may be stopped, killed and frozen: a pair,
//! or one of them more than one process.
//!
//! `scripts/servers` runs them on ports beside those of the tests; they are stopped when this is
//! dropped.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::Command;

use crate::harness::{Proxy, Servers, eventually, holds, variable, with_address};
use crate::scenarios::Place;

/// How far the ports lie from those of the tests; the highest port of a base is 94 above it.
const PORTS_BEYOND: u64 = 200;
/// Where a base has its RabbitMQ, with the further nodes of a cluster after it, the standby of its
/// Postgres, and its `PgBouncer`.
const RABBITMQ_BEYOND: u64 = 72;
const STANDBY_BEYOND: u64 = 33;
const PGBOUNCER_BEYOND: u64 = 62;
/// The Debian that has a `PgBouncer` which is new enough.
const DEBIAN: &str = "trixie";

#[derive(Debug, Clone)]
struct Script {
    base: u64,
    settings: Vec<(&'static str, String)>,
}

#[derive(Debug)]
pub struct Ground {
    script: Script,
    folder: PathBuf,
    place: Place,
    /// What leads the clients of a cluster to a node that is there. The service knows one address.
    balancer: Option<Proxy>,
}

fn files() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(".servers")
}

/// The Debian whose RabbitMQ is used, where it is not this machine's.
fn debian(place: Place) -> Option<String> {
    let asked_for = std::env::var("SERVERS_DEBIAN").ok().filter(|name| !name.is_empty());
    asked_for.or_else(|| (place == Place::Pooled).then(|| DEBIAN.to_owned()))
}

/// Mounting, and changing the root, are for root alone.
pub fn is_root() -> bool {
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

/// There is a `PgBouncer`, or the reason why not.
pub fn has_pgbouncer() -> Result<(), String> {
    if is_root() && files().join(format!("debian-{DEBIAN}")).exists() {
        return Ok(());
    }
    Err("it needs PgBouncer 1.21, which `SERVERS_DEBIAN=trixie scripts/servers install` gets, as root"
        .to_owned())
}

impl Script {
    /// What it printed, or what it said against it.
    fn run(&self, arguments: &[String]) -> Result<String, String> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/servers");
        let mut command = Command::new(script);
        command.args(arguments).env("SERVERS_PORT_BASE", self.base.to_string());
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        for name in ["DATABASE_URL", "AMQP_URL", "SERVERS_DIR"] {
            command.env_remove(name);
        }
        let output = command.output().unwrap();
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            return Err(format!("servers {arguments:?}: {said}"));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

impl Ground {
    pub async fn start(place: Place) -> Self {
        let base = variable("CHAOS_PORT_BASE")
            .unwrap_or_else(|| variable("SERVERS_PORT_BASE").unwrap_or(25_400) + PORTS_BEYOND);
        let (mut name, mut settings) = (base.to_string(), Vec::new());
        if let Some(debian) = debian(place) {
            name = format!("{name}-{debian}");
            settings.push(("SERVERS_DEBIAN", debian));
        }
        let mut balancer = None;
        if place == Place::Cluster {
            name.push_str("-cluster");
            settings.push(("SERVERS_NODES", "3".to_owned()));
            let nodes = (0..3).map(|node| format!("127.0.0.1:{}", base + RABBITMQ_BEYOND + node));
            balancer = Some(Proxy::among(nodes.collect()).await);
        }
        let folder = files().join(name);
        let ground = Self { script: Script { base, settings }, folder, place, balancer };
        ground.start_all().await;
        ground
    }

    /// Starts whatever does not run.
    pub async fn start_all(&self) {
        let pooler: &[&str] = if self.place == Place::Pooled { &["pgbouncer"] } else { &[] };
        self.servers(&[&["start"], pooler].concat()).await;
    }

    /// May a scenario of this place be played here?
    pub fn serves(&self, place: Place) -> bool {
        place == self.place
    }

    /// Runs `scripts/servers` for this pair, and returns what it printed.
    pub async fn servers(&self, arguments: &[&str]) -> String {
        self.try_servers(arguments).await.unwrap_or_else(|said| panic!("{said}"))
    }

    async fn try_servers(&self, arguments: &[&str]) -> Result<String, String> {
        let script = self.script.clone();
        let arguments: Vec<String> = arguments.iter().map(|it| (*it).to_owned()).collect();
        tokio::task::spawn_blocking(move || script.run(&arguments)).await.unwrap()
    }

    /// `rabbitmqctl` for this node.
    pub async fn ctl(&self, arguments: &[&str]) -> String {
        self.servers(&[&["ctl"], arguments].concat()).await
    }

    /// The same of a cluster whose nodes may be asking one that does not answer.
    pub async fn try_ctl(&self, arguments: &[&str]) -> Result<String, String> {
        self.try_servers(&[&["ctl"], arguments].concat()).await
    }

    pub async fn urls(&self) -> Servers {
        let settings = self.servers(&["env"]).await;
        let value = |name: &str| {
            let line = settings.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.replace('\\', "")
        };
        let amqp_url = value("export AMQP_URL=");
        let amqp_url = match &self.balancer {
            Some(balancer) => with_address(&amqp_url, balancer.address),
            None => amqp_url,
        };
        Servers { database_url: value("export DATABASE_URL="), amqp_url }
    }

    /// The way that processes take to a database.
    pub fn through_pooler(&self, url: &str) -> String {
        match self.place {
            Place::Pooled => {
                with_address(url, format!("127.0.0.1:{}", self.script.base + PGBOUNCER_BEYOND))
            }
            _ => url.to_owned(),
        }
    }

    /// Where a standby of Postgres is, once it was made.
    pub fn standby(&self) -> String {
        format!("127.0.0.1:{}", self.script.base + STANDBY_BEYOND)
    }

    fn pid(&self, file: &str) -> u32 {
        let text = std::fs::read_to_string(self.folder.join(file)).unwrap();
        text.lines().next().unwrap().trim().parse().unwrap()
    }

    /// Of `postgres` or of its `standby`.
    fn postmaster(&self, folder: &str) -> u32 {
        self.pid(&format!("{folder}/data/postmaster.pid"))
    }

    /// A node of RabbitMQ, by its number in the cluster.
    fn node(&self, number: u32) -> u32 {
        match number {
            1 => self.pid("rabbitmq/pid"),
            _ => self.pid(&format!("rabbitmq-{number}/pid")),
        }
    }

    /// A fast shutdown: sessions are ended, and everything is written.
    pub async fn stop_postgres(&self) {
        stop(self.postmaster("postgres"), "INT").await;
    }

    /// An orderly stop of the broker.
    pub async fn stop_rabbitmq(&self) {
        self.stop_node(1).await;
    }

    pub async fn stop_node(&self, number: u32) {
        stop(self.node(number), "TERM").await;
    }

    /// Freezes or thaws the postmaster with all of its backends.
    pub fn signal_postgres(&self, name: &str) {
        self.signal_postgres_in("postgres", name);
    }

    pub fn signal_standby(&self, name: &str) {
        self.signal_postgres_in("standby", name);
    }

    fn signal_postgres_in(&self, folder: &str, name: &str) {
        let postmaster = self.postmaster(folder);
        // Ahead of its backends, so that it starts none meanwhile.
        signal(postmaster, name);
        for backend in children(postmaster) {
            // One may end as its number is read.
            assert!(hears(backend, name) || !is_there(backend), "{backend} does not hear {name}");
        }
    }

    pub fn signal_rabbitmq(&self, name: &str) {
        self.signal_node(1, name);
    }

    pub fn signal_node(&self, number: u32, name: &str) {
        signal(self.node(number), name);
    }

    /// Both servers anew and empty, for a scenario that left them in ruins.
    pub async fn reset(&self) {
        self.servers(&["reset"]).await;
        self.start_all().await;
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        if let Err(said) = self.script.run(&["stop".to_owned()]) {
            eprintln!("{said}");
        }
    }
}

/// Returns once the process has ended, and with it its helpers.
async fn stop(pid: u32, name: &str) {
    let family: Vec<u32> = children(pid).into_iter().chain([pid]).collect();
    signal(pid, name);
    eventually("a server stops", 60, async || {
        let left: Vec<_> = family.iter().filter(|pid| is_there(**pid)).collect();
        holds(left.is_empty(), format!("{left:?} are left"))
    })
    .await;
}

fn is_there(pid: u32) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // An orphan can stay a zombie for a while.
    !state.is_empty() && !state.contains(") Z ")
}

pub fn signal(pid: u32, name: &str) {
    assert!(hears(pid, name), "{pid} does not hear {name}");
}

fn hears(pid: u32, name: &str) -> bool {
    Command::new("kill").args(["-s", name, &pid.to_string()]).status().unwrap().success()
}

fn children(parent: u32) -> Vec<u32> {
    let numbers = std::fs::read_dir("/proc").unwrap().filter_map(|entry| {
        entry.unwrap().file_name().to_str().and_then(|name| name.parse::<u32>().ok())
    });
    numbers
        .filter(|pid| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            let after_name = stat.rsplit(") ").next().unwrap_or_default();
            after_name.split(' ').nth(1) == Some(&parent.to_string())
        })
        .collect()
}
