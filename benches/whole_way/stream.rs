//! An API and two workers, and what an import takes through them.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::files::File;
use crate::harness::{Client, Process, Role, World, eventually};

/// What is handed to the socket at once.
const PIECE: usize = 256 << 10;

pub struct Fleet<'w> {
    pub world: &'w World,
    pub client: Client,
    pub api: Process,
    pub workers: [Process; 2],
}

/// One import as a caller sees it, from the first byte sent to `completed`.
pub struct Import {
    pub task: String,
    pub users: u64,
    pub seconds: f64,
    /// Processor time of the API, of both workers, and of all else on the machine, in seconds.
    pub api: f64,
    pub workers: f64,
    pub others: f64,
    pub outcomes: [u64; 4],
}

impl Import {
    pub fn rate(&self) -> f64 {
        self.users as f64 / self.seconds
    }
}

impl<'w> Fleet<'w> {
    pub async fn start(world: &'w World) -> Self {
        Self::with_api(world, world.api().without("CHUNK_RECORDS")).await
    }

    pub async fn with_chunks(world: &'w World, records: u64) -> Self {
        Self::with_api(world, world.api().env("CHUNK_RECORDS", records)).await
    }

    pub async fn with_api(world: &'w World, api: Role) -> Self {
        // The delay is the image's.
        let quiet = |role: Role| {
            role.env("RUST_LOG", "info")
                .env("MIMALLOC_PURGE_DELAY", 10_000)
                .without("WORKER_CONCURRENCY")
        };
        let api = quiet(api).start().await;
        let workers = [quiet(world.worker()).start().await, quiet(world.worker()).start().await];
        Self { world, client: world.client(&api).await, api, workers }
    }

    pub async fn upload(&self, query: &str, body: &[u8]) -> String {
        let upload = self.client.upload(query);
        for piece in body.chunks(PIECE) {
            assert!(upload.send(piece).await, "the API reads on");
        }
        upload.finish().await.unwrap().task()
    }

    pub async fn import(&self, query: &str, file: File) -> Import {
        // Neither pays for what something else has left to write.
        let sql = self.world.database.sql().await;
        eventually("a checkpoint", 60, async || sql.batch_execute("CHECKPOINT").await).await;
        let used = || {
            let [one, other] = &self.workers;
            let micros = |process: &Process| process.cpu_micros() as f64 / 1e6;
            (micros(&self.api), micros(one) + micros(other), machine_seconds())
        };
        let before = used();
        let began = Instant::now();
        let task = self.upload(query, &file.body).await;
        let seen = self.completed(&task, Duration::from_millis(20)).await;
        let seconds = began.elapsed().as_secs_f64();
        let after = used();
        let (api, workers) = (after.0 - before.0, after.1 - before.1);
        let count = |name: &str| seen["summary"][name].as_u64().unwrap();
        Import {
            task,
            users: file.users,
            seconds,
            api,
            workers,
            others: after.2 - before.2 - api - workers,
            outcomes: ["inserted", "updated", "skipped", "failed"].map(count),
        }
    }

    pub async fn completed(&self, task: &str, every: Duration) -> Value {
        let mut every = tokio::time::interval(every);
        loop {
            every.tick().await;
            let seen = self.client.status(task).await;
            if seen["status"] == "completed" {
                return seen;
            }
        }
    }
}

/// Processor time that the whole machine has used, in seconds.
fn machine_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/stat").unwrap();
    let fields = stat.lines().next().unwrap().split_whitespace().skip(1);
    let fields: Vec<f64> = fields.map(|f| f.parse().unwrap()).collect();
    // user, nice, system, idle, iowait, irq, softirq, in ticks of 10 ms.
    (fields[0] + fields[1] + fields[2] + fields[5] + fields[6]) / 100.0
}
