//! A Postgres and a RabbitMQ of the scenarios' own, that may be stopped, killed and frozen.
//!
//! `scripts/servers` runs them on ports beside those of the tests; they are stopped when this is
//! dropped.

use std::path::PathBuf;
use std::process::Command;

use crate::harness::{Servers, eventually, holds, variable};

/// How far the ports lie from those of the tests; the highest port of a base is 92 above it.
const PORTS_BEYOND: u64 = 200;

#[derive(Debug, Clone)]
struct Script {
    base: u64,
}

#[derive(Debug)]
pub struct Ground {
    script: Script,
    folder: PathBuf,
}

impl Script {
    fn run(&self, arguments: &[String]) -> String {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/servers");
        let mut command = Command::new(script);
        command.args(arguments).env("SERVERS_PORT_BASE", self.base.to_string());
        for name in ["DATABASE_URL", "AMQP_URL", "SERVERS_DIR"] {
            command.env_remove(name);
        }
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "servers {arguments:?}: {said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

impl Ground {
    pub async fn start() -> Self {
        let base = variable("CHAOS_PORT_BASE")
            .unwrap_or_else(|| variable("SERVERS_PORT_BASE").unwrap_or(25_400) + PORTS_BEYOND);
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!(".servers/{base}"));
        let ground = Self { script: Script { base }, folder };
        ground.servers(&["start"]).await;
        ground
    }

    /// Runs `scripts/servers` for this pair, and returns what it printed.
    pub async fn servers(&self, arguments: &[&str]) -> String {
        let script = self.script.clone();
        let arguments: Vec<String> = arguments.iter().map(|it| (*it).to_owned()).collect();
        tokio::task::spawn_blocking(move || script.run(&arguments)).await.unwrap()
    }

    /// `rabbitmqctl` for this node.
    pub async fn ctl(&self, arguments: &[&str]) -> String {
        self.servers(&[&["ctl"], arguments].concat()).await
    }

    pub async fn urls(&self) -> Servers {
        let settings = self.servers(&["env"]).await;
        let value = |name: &str| {
            let line = settings.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.replace('\\', "")
        };
        Servers { database_url: value("export DATABASE_URL="), amqp_url: value("export AMQP_URL=") }
    }

    fn pid(&self, file: &str) -> u32 {
        let text = std::fs::read_to_string(self.folder.join(file)).unwrap();
        text.lines().next().unwrap().trim().parse().unwrap()
    }

    fn postmaster(&self) -> u32 {
        self.pid("postgres/data/postmaster.pid")
    }

    fn node(&self) -> u32 {
        self.pid("rabbitmq/pid")
    }

    /// A fast shutdown: sessions are ended, and everything is written.
    pub async fn stop_postgres(&self) {
        stop(self.postmaster(), "INT").await;
    }

    /// An orderly stop of the broker.
    pub async fn stop_rabbitmq(&self) {
        stop(self.node(), "TERM").await;
    }

    /// Freezes or thaws the postmaster with all of its backends.
    pub fn signal_postgres(&self, name: &str) {
        let postmaster = self.postmaster();
        for pid in children(postmaster).into_iter().chain([postmaster]) {
            signal(pid, name);
        }
    }

    pub fn signal_rabbitmq(&self, name: &str) {
        signal(self.node(), name);
    }

    /// Both servers anew and empty, for a scenario that left them in ruins.
    pub async fn reset(&self) {
        self.servers(&["reset"]).await;
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        self.script.run(&["stop".to_owned()]);
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
    let done = Command::new("kill").args(["-s", name, &pid.to_string()]).status().unwrap();
    assert!(done.success(), "{pid} does not hear {name}");
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
