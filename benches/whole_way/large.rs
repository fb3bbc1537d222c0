//! What a large file and a large directory cost: memory, and the rate beside that of an empty one.

use std::time::{Duration, Instant};

use user_import::cli::generate::record;

use crate::harness::{Process, World};
use crate::report::Figures;
use crate::status;
use crate::stream::Fleet;

/// Users of the imports whose rates are compared.
const MILLION: u64 = 1_000_000;

/// A million users into an empty directory, `users` in one file, and a million more.
pub async fn measure(users: u64, figures: &mut Figures) {
    let world = World::new().await;
    let fleet = Fleet::with_api(&world, world.api().env("MAX_TASK_RECORDS", users)).await;
    let (_, before) = import(&fleet, 1, MILLION).await;
    figures.note("a million into an empty directory, users/s", before);
    peaks(&fleet, "a million", figures);

    let (task, rate) = import(&fleet, 2, users).await;
    let name = format!("one file of {users}");
    figures.note(&format!("{name}, users/s"), rate);
    peaks(&fleet, &name, figures);
    status::measure(&fleet, &task, figures).await;
    peaks(&fleet, "and its status answer", figures);

    let (_, after) = import(&fleet, 3, MILLION).await;
    figures.note(&format!("a million more into {users}, users/s"), after);
    figures.note("into the large directory / into an empty one", after / before);
}

fn peaks(fleet: &Fleet<'_>, what: &str, figures: &mut Figures) {
    let mib = |process: &Process| process.peak_resident_kib() as f64 / 1024.0;
    let workers = fleet.workers.iter().map(mib).fold(0.0, f64::max);
    figures.note(&format!("peak memory, {what}: API, MiB"), mib(&fleet.api));
    figures.note(&format!("peak memory, {what}: a worker, MiB"), workers);
}

/// A file that is made while it is sent. Returns its task, and the users a second.
async fn import(fleet: &Fleet<'_>, seed: u64, users: u64) -> (String, f64) {
    let sql = fleet.world.database.sql().await;
    sql.batch_execute("CHECKPOINT").await.unwrap();
    let began = Instant::now();
    let upload = fleet.client.upload("identifier=email");
    let (mut at, mut bytes) = (0, 0);
    while at < users {
        let next = (at + 400).min(users);
        let piece: String = (at..next).map(|index| record(seed, index) + "\n").collect();
        bytes += piece.len();
        assert!(upload.send(piece).await, "the API reads on");
        at = next;
    }
    let task = upload.finish().await.unwrap().task();
    fleet.completed(&task, Duration::from_millis(200)).await;
    let rate = users as f64 / began.elapsed().as_secs_f64();
    println!("{users} users, {:.2} GB: {rate:.0} users/s", bytes as f64 / 1e9);
    (task, rate)
}
