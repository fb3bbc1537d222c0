//! Users per second of the whole way, against a raw `COPY` of the same users.
//!
//! The whole way: from the first byte of an NDJSON upload to `completed`, through an API process,
//! Postgres, `RabbitMQ` and two workers. The raw COPY: the rows that came of it, in binary, into the
//! same tables with the same indexes, on two connections at once. Each run does all of it on a
//! database of its own, so that whatever else the machine does hurts both sides of a ratio;
//! medians and spreads are printed as a table, which `docs/performance.md` keeps.
//!
//! With `BENCH_LARGE`, a number of users, only a file and a directory of that size are measured.
//! `BENCH_USERS` (500,000), `BENCH_RUNS` (3) and `BENCH_SVG` (a file for the picture) may be set.

#![allow(clippy::unwrap_used, reason = "a bench that cannot go on has failed")]
#![allow(
    clippy::disallowed_methods,
    reason = "the harness starts processes and reads where the servers are"
)]

#[path = "../../tests/it/harness/mod.rs"]
mod harness;

mod copy;
mod files;
mod large;
mod latency;
mod report;
mod status;
mod stream;

use harness::{World, variable};
use report::Figures;
use stream::{Fleet, Import};

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if cfg!(debug_assertions) {
        println!("a debug build: the figures mean nothing");
    }
    let (users, runs) =
        (variable("BENCH_USERS").unwrap_or(500_000), variable("BENCH_RUNS").unwrap_or(3));
    let mut figures = Figures::default();
    if let Some(users) = variable("BENCH_LARGE") {
        runtime.block_on(large::measure(users, &mut figures));
        println!("\n{}", figures.table(users));
        return;
    }
    for run in 1..=runs {
        runtime.block_on(measure(run, users, &mut figures));
    }
    println!("\n{}", figures.table(users));
    if let Ok(file) = std::env::var("BENCH_SVG") {
        std::fs::write(&file, figures.svg()).unwrap();
        println!("the picture is in {file}");
    }
}

/// One run of everything, in a world of its own.
async fn measure(run: u64, users: u64, figures: &mut Figures) {
    let world = World::new().await;
    let fleet = Fleet::start(&world).await;
    let insert = import(&fleet, "insert", "", files::fresh(run, users), figures).await;
    let copied = copy::seconds(&world.database, users).await;
    figures.note("raw COPY, users/s", users as f64 / copied);
    figures.note("insert / raw COPY", copied / insert.seconds);

    let again = import(&fleet, "skipped", "", files::fresh(run, users), figures).await;
    figures.note("skipped / insert", insert.seconds / again.seconds);
    let changed = files::changed(run, users);
    let updated = import(&fleet, "updated", "&upsert=true", changed, figures).await;
    figures.note("updated / insert", insert.seconds / updated.seconds);

    // A fifth of the file is enough for a rate, and keeps the whole below 20 minutes.
    let part = users / 5;
    // Of the same length, into the same directory: what the files with some known are held against.
    let beside =
        import(&fleet, "insert of a fifth", "", files::fresh(run + 50, part), figures).await;
    for (percent, seed) in [(1, 100), (10, 200)] {
        let rate = beside.rate();
        let known = files::some_known(run, run + seed, part, percent);
        let name = format!("{percent} % known");
        let met = import(&fleet, &name, "", known, figures).await;
        figures.note(&format!("{name} / insert"), met.rate() / rate);
        let taken = files::some_taken(run, run + seed + 50, part, percent);
        let name = format!("{percent} % taken");
        let met = import(&fleet, &name, "", taken, figures).await;
        figures.note(&format!("{name} / insert"), met.rate() / rate);
    }
    latency::measure(&fleet, files::fresh(run + 400, 2 * part), figures).await;
    status::measure(&fleet, &insert.task, figures).await;
    figures.note("peak memory of the API, MiB", fleet.api.peak_resident_kib() as f64 / 1024.0);
    let workers = fleet.workers.iter().map(harness::Process::peak_resident_kib).max().unwrap();
    figures.note("peak memory of a worker, MiB", workers as f64 / 1024.0);
    drop(fleet);
    for records in [100, 250, 500, 1_000, 2_000] {
        let fleet = Fleet::with_chunks(&world, records).await;
        let file = files::fresh(run + 500 + records, part);
        let import = fleet.import("identifier=email", file).await;
        figures.note(&format!("chunks of {records}, users/s"), import.rate());
    }
}

/// Imports a file and notes its rate and what it cost.
async fn import(
    fleet: &Fleet<'_>,
    name: &str,
    options: &str,
    file: files::File,
    figures: &mut Figures,
) -> Import {
    let import = fleet.import(&format!("identifier=email{options}"), file).await;
    figures.note(&format!("{name}, users/s"), import.rate());
    let micros = |seconds: f64| seconds * 1e6 / import.users as f64;
    figures.note(&format!("{name}, CPU of the API, us/user"), micros(import.api));
    figures.note(&format!("{name}, CPU of the workers, us/user"), micros(import.workers));
    figures.note(&format!("{name}, CPU of all else, us/user"), micros(import.others));
    println!("{name}: {:.0} users/s, {:?}", import.rate(), import.outcomes);
    import
}
