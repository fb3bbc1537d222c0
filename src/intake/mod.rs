//! Stage one: a body becomes a task and its chunks, all of it or nothing.
//!
//! Records are cut into chunks as they arrive, each ordered among the others, compressed, sealed
//! and copied into Postgres; one last update makes them a task. Before it nobody sees anything of
//! the upload, after it nobody can lose it. Memory is flat at any size. The relay is poked, and
//! finds the task without that too.

mod answer;
mod body;
mod chunks;
mod document;
mod handler;
mod order;
mod read;
mod receive;
mod replay;
mod request;
mod route;
mod split;
mod store;
mod task_id;
mod upload;

/// What the fuzzer reaches: fuzz/.
#[cfg(fuzzing)]
pub mod fuzzing {
    pub use super::document::{Document, Limits};
    pub use super::split::{Csv, Error, Lines, Splitter};
}

use std::sync::Arc;

use axum::extract::FromRef;
use tokio::sync::Notify;

use self::body::Limit;
use self::document::BodyMemory;
use self::order::{Budget, Room};
use self::request::Format;
use crate::config;
use crate::pg::Pool;
use crate::seal::MasterKeys;
use crate::shutdown::Shutdown;
use crate::web;
use crate::web::route::Routes;

/// What all order maps of the process hold in memory together: 2.8 million login ids. Beyond it
/// they go to disk, which costs an upload little: sixteen million users went in at nearly the
/// rate of one million. With 64 MiB the process came to 202 MiB of its 200.
const ORDER_MEMORY_BYTES: u64 = 40 << 20;

/// Cheap to clone: all clones share it.
#[derive(Clone)]
pub struct State {
    intake: Arc<Intake>,
    auth: web::Auth,
}

struct Intake {
    pool: Pool,
    config: config::Intake,
    master_keys: Arc<MasterKeys>,
    relay_poke: Arc<Notify>,
    shutdown: Shutdown,
    bodies: BodyMemory,
    room: Room,
}

impl State {
    /// `relay_poke` is notified of each new task.
    pub fn new(
        pool: Pool,
        config: config::Intake,
        master_keys: Arc<MasterKeys>,
        relay_poke: Arc<Notify>,
        auth: web::Auth,
        shutdown: Shutdown,
    ) -> Self {
        let room = Room {
            memory: Budget::new(ORDER_MEMORY_BYTES),
            disk: Budget::new(config.spill_bytes),
            folder: config.spill_dir.clone(),
        };
        let bodies = BodyMemory::new(config.json_bodies_bytes, config.max_json_body_bytes);
        let intake = Intake { pool, config, master_keys, relay_poke, shutdown, bodies, room };
        Self { intake: Arc::new(intake), auth }
    }
}

impl FromRef<State> for web::Auth {
    fn from_ref(state: &State) -> Self {
        state.auth.clone()
    }
}

/// Relative to the API's root.
pub fn routes() -> Routes<State> {
    Routes::new().on(&route::ROUTE, handler::import)
}

impl Intake {
    fn open_tasks_max(&self) -> i64 {
        i64::from(self.config.max_open_tasks)
    }

    fn limit(&self, format: Format) -> Limit {
        match format {
            Format::Json => Limit {
                bytes_max: self.config.max_json_body_bytes,
                too_large: web::Error::json_too_large,
            },
            Format::Lines(_) | Format::Csv(_) => {
                Limit { bytes_max: self.config.max_task_bytes, too_large: too_many_bytes }
            }
        }
    }
}

fn too_many_records(limit: u64) -> web::Error {
    web::Error::task_too_large(&format!("a task may have {limit} records"), limit)
}

fn too_many_bytes(limit: u64) -> web::Error {
    web::Error::task_too_large(&format!("a task may have {limit} bytes, decompressed"), limit)
}
