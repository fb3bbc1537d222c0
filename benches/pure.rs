//! What a record costs in the pure parts, on one core: parse, normalise, resolve, seal, open.
//!
//! Each bench does a chunk of 1,000 generated users; criterion gives the time of a chunk, and
//! users a second as its throughput.

#![allow(clippy::unwrap_used, reason = "a bench that cannot go on has failed")]

use std::collections::BTreeSet;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use user_import::chunk::{Entry, Kind, PayloadWriter, read_payload};
use user_import::cli::generate::record;
use user_import::import::parse::{login_ids, parse};
use user_import::import::resolve::{Candidate, KnownUsers, Rules, resolve};
use user_import::import::settings::{Settings, UnknownKeys};
use user_import::import::task::{Identifier, Options};
use user_import::seal::TaskKey;
use uuid::Uuid;

const USERS: u64 = 1_000;

fn payload(records: &[String]) -> PayloadWriter {
    let mut writer = PayloadWriter::new();
    for (line, record) in (1..).zip(records) {
        let kind = Kind::Json(record.as_bytes());
        writer.push(&Entry { line, shares_with_earlier_chunk: false, kind });
    }
    writer
}

fn candidates(records: &[String], settings: &Settings) -> Vec<Candidate> {
    let candidate = |record: &String| Candidate {
        record: parse(record.as_bytes(), Identifier::Email, settings).record,
        new_id: Uuid::now_v7(),
        shares_with_earlier_chunk: false,
    };
    records.iter().map(candidate).collect()
}

fn bench(criterion: &mut Criterion) {
    let records: Vec<String> = (0..USERS).map(|index| record(1, index)).collect();
    let settings = Settings::default();
    let mut group = criterion.benchmark_group("a chunk of 1,000");
    group.throughput(Throughput::Elements(USERS));
    group.bench_function("parse and redact", |bencher| {
        bencher.iter(|| {
            for record in &records {
                black_box(parse(record.as_bytes(), Identifier::Email, &settings));
            }
        });
    });
    group.bench_function("normalise", |bencher| {
        bencher.iter(|| {
            for record in &records {
                black_box(login_ids(record.as_bytes(), &settings));
            }
        });
    });
    let rules = Rules {
        options: Options { identifier: Identifier::Email, upsert: false, dry_run: false },
        unknown_roles_and_groups: UnknownKeys::Create,
        known_roles: &BTreeSet::new(),
        known_groups: &BTreeSet::new(),
        known_users: &KnownUsers::default(),
    };
    group.bench_function("resolve", |bencher| {
        let fresh = || candidates(&records, &settings);
        let run = |candidates| resolve(&rules, candidates, Vec::new());
        bencher.iter_batched(fresh, run, BatchSize::LargeInput);
    });
    let key = TaskKey::generate();
    group.bench_function("compress and seal", |bencher| {
        let seal = |mut writer: PayloadWriter| writer.finish(&key, 1, 1, 0);
        bencher.iter_batched(|| payload(&records), seal, BatchSize::LargeInput);
    });
    let (chunk, sealed) = payload(&records).finish(&key, 1, 1, 0);
    group.bench_function("open and decompress", |bencher| {
        bencher.iter(|| black_box(read_payload(&key, &chunk, &sealed).unwrap()));
    });
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
