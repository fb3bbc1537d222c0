//! Every rule of a record, held against a serial model.
//!
//! Random imports over a small universe go through intake, Postgres and one to four workers,
//! shuffled and doubled; a few hundred plain lines apply the same records one by one. Outcomes,
//! warnings, errors, echoes and the directory have to agree.

mod explain;
mod rules;
mod serial;
mod stage;
mod universe;
mod user;

use std::collections::BTreeSet;
use std::fmt::Write;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};
use serde_json::{Map, Value, json};

use crate::harness::Servers;
use crate::harness::variable;
use explain::Task;
use rules::Rules;
use serial::{Directory, Options, Said};
use stage::{CHUNK_RECORDS, Handing, Stage, WORKERS_MAX};
use universe::{LOGIN_IDS, Settings};

/// Cases in `make test`; `make soak` sets `MODEL_CASES`.
const CASES: u32 = 2_000;
/// Cases are bound by waiting for Postgres, not by the two cores.
const THREADS: u64 = 4;

#[derive(Debug, Clone)]
struct Import {
    options: Options,
    records: Vec<Map<String, Value>>,
    handing: Handing,
}

#[derive(Debug, Clone)]
struct Case {
    settings: Settings,
    imports: Vec<Import>,
}

fn import() -> impl Strategy<Value = Import> {
    let options = (select(&LOGIN_IDS[..]), any::<bool>(), proptest::bool::weighted(0.15));
    options.prop_flat_map(|(identifier, upsert, dry_run)| {
        let records = proptest::collection::vec(universe::record(identifier), 1..=12);
        let handing = (select(&CHUNK_RECORDS[..]), 1..=WORKERS_MAX, any::<u64>());
        (records, handing).prop_map(move |(records, (chunk_records, workers, seed))| Import {
            options: Options { identifier, upsert, dry_run },
            records,
            handing: Handing { chunk_records, workers, seed },
        })
    })
}

fn case() -> impl Strategy<Value = Case> {
    let settings = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let settings = settings.prop_map(|(case, dots, username, existing)| Settings {
        email_case_sensitive: case,
        email_ignore_dot_sign: dots,
        username_case_sensitive: username,
        keys_must_exist: existing,
    });
    let imports = proptest::collection::vec(import(), 1..=2);
    (settings, imports).prop_map(|(settings, imports)| Case { settings, imports })
}

#[test]
fn whatever_is_imported_agrees_with_the_serial_model() {
    let cases = variable("MODEL_CASES").map_or(CASES, |cases| cases as u32);
    // The same cases each time, so that a change is judged by what it changed; `make soak` has
    // new ones.
    let seed = variable("MODEL_SEED").unwrap_or(1);
    eprintln!("{cases} cases from MODEL_SEED={seed}");
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let share = cases.div_ceil(THREADS as u32);
            std::thread::spawn(move || run(share, seed.wrapping_add(thread)))
        })
        .collect();
    let mut everything = BTreeSet::new();
    for thread in threads {
        match thread.join().unwrap() {
            Ok(told) => everything.extend(told),
            Err(disagreement) => panic!("MODEL_SEED={seed}: {disagreement}"),
        }
    }
    let missing: Vec<_> =
        EVERYTHING.into_iter().filter(|told| !everything.contains(*told)).collect();
    assert!(missing.is_empty(), "never told in {cases} cases: {missing:?}");
}

/// What a run of the test has to have seen, beside the warnings that differ by a name alone.
const EVERYTHING: [&str; 20] = [
    "inserted",
    "updated",
    "skipped",
    "failed",
    "ValidationFailed",
    "InvalidPasswordHash",
    "InvalidAccountValidPeriod",
    "UnknownKeys",
    "DuplicatedIdentity",
    "skipping because upsert = false and user exists",
    "email = null has no effect in insert.",
    "external_id = null has no effect in insert.",
    "mfa.phone_number = null has no effect in insert.",
    "email_verified = false has no effect in insert.",
    "phone_number_verified = true has no effect when phone_number is absent.",
    "email_verified has no effect when email is absent.",
    "phone_number_verified has no effect when phone_number = null.",
    "password is ignored because the user exists already.",
    "mfa.totp is ignored because the user exists already.",
    explain::UNSEEN,
];

/// Everything that was told in the cases, if all of it agreed.
fn run(cases: u32, seed: u64) -> Result<BTreeSet<String>, String> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let stage = runtime.block_on(Stage::new(&Servers::from_env()));
    let config = Config {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        max_shrink_iters: 2_000,
        ..Config::default()
    };
    let number = std::cell::Cell::new(0);
    let told_so_far = std::cell::RefCell::new(BTreeSet::new());
    let result = TestRunner::new(config).run(&case(), |case| {
        number.set(number.get() + 1);
        let name = format!("case{}", number.get());
        let told = runtime.block_on(check(&stage, &name, &case)).map_err(TestCaseError::fail)?;
        told_so_far.borrow_mut().extend(told);
        Ok(())
    });
    runtime.block_on(async { drop(stage) });
    match result {
        Ok(()) => Ok(told_so_far.into_inner()),
        Err(TestError::Fail(why, case)) => Err(format!("{why}\nin {}", told(&case))),
        Err(TestError::Abort(why)) => Err(why.to_string()),
    }
}

/// A case that a reader can import by hand.
fn told(case: &Case) -> String {
    let mut text = format!("{:?}", case.settings);
    for Import { options, records, handing } in &case.imports {
        let _ = write!(text, "\n{options:?} {handing:?}");
        for record in records {
            let _ = write!(text, "\n  {}", Value::Object(record.clone()));
        }
    }
    text
}

/// Outcomes, warnings and reasons that were told, if all of it agrees.
async fn check(stage: &Stage, name: &str, case: &Case) -> Result<BTreeSet<String>, String> {
    let client = stage.project(name, &case.settings).await;
    let set = |name: &str| BTreeSet::from([name.to_owned()]);
    let rules = Rules { settings: case.settings, roles: set("reader"), groups: set("staff") };
    let mut directory = Directory::default();
    let mut told = BTreeSet::new();
    for Import { options, records, handing } in &case.imports {
        let details = stage.import(&client, options, records, handing).await;
        let users = stage.users(&client, name).await;
        let said = details
            .iter()
            .zip(records)
            .enumerate()
            .map(|(index, (detail, record))| read(index, detail, record))
            .collect::<Result<Vec<_>, _>>()?;
        if said.len() != records.len() {
            return Err(format!("{} details for {} records", said.len(), records.len()));
        }
        for said in &said {
            told.insert(said.outcome.to_owned());
            told.extend(said.warnings.iter().cloned());
            told.extend(said.errors.iter().map(|(reason, _)| (*reason).to_owned()));
        }
        let chunk_records = handing.chunk_records;
        let task = Task { rules: &rules, options, records, chunk_records, said };
        directory = task.explain(&directory, &|expected| agree(expected, &users))?;
    }
    Ok(told)
}

/// What a detail says, after a look at its echo.
fn read(index: usize, detail: &Value, record: &Map<String, Value>) -> Result<Said, String> {
    if detail["index"] != index {
        return Err(format!("detail {index} has the index {}", detail["index"]));
    }
    let echo = redacted(record);
    if detail["record"] != echo {
        return Err(format!("record {index} is shown as {}, not {echo}", detail["record"]));
    }
    let list = |name: &str| detail[name].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let outcomes = ["inserted", "updated", "skipped", "failed"];
    Ok(Said {
        outcome: outcomes.into_iter().find(|known| detail["outcome"] == *known).unwrap(),
        user_id: text(&detail["user_id"]),
        warnings: list("warnings").iter().filter_map(|w| text(&w["message"])).collect(),
        errors: list("errors").iter().map(fault).collect(),
    })
}

/// A fault's reason with what its `info` says, its lists as sets.
fn fault(error: &Value) -> (&'static str, Value) {
    const REASONS: [&str; 5] = [
        "ValidationFailed",
        "InvalidPasswordHash",
        "InvalidAccountValidPeriod",
        "UnknownKeys",
        "DuplicatedIdentity",
    ];
    let reason = REASONS.into_iter().find(|known| error["reason"] == *known);
    let reason = reason.unwrap_or_else(|| panic!("a reason nobody foresaw: {error}"));
    let info = match reason {
        "ValidationFailed" => {
            let causes: BTreeSet<_> = error["info"]["causes"]
                .as_array()
                .unwrap()
                .iter()
                .map(|cause| (cause["location"].as_str().unwrap(), cause["kind"].as_str().unwrap()))
                .collect();
            json!(causes.into_iter().collect::<Vec<_>>())
        }
        "DuplicatedIdentity" => json!({"fields": as_set(&error["info"]["fields"])}),
        "InvalidPasswordHash" => json!({"locations": as_set(&error["info"]["locations"])}),
        _ => error["info"].clone(),
    };
    (reason, info)
}

fn as_set(list: &Value) -> BTreeSet<&str> {
    list.as_array().unwrap().iter().filter_map(Value::as_str).collect()
}

/// The record as sent, its secrets hidden as the contract says.
fn redacted(record: &Map<String, Value>) -> Value {
    let mut echo = Value::Object(record.clone());
    let hide_password = |password: &mut Value| match password.as_object_mut() {
        Some(members) => {
            for (name, value) in members {
                if name == "password_hash" || (name == "type" && value != "bcrypt") {
                    *value = json!("REDACTED");
                }
            }
        }
        None => *password = json!("REDACTED"),
    };
    if let Some(password) = echo.get_mut("password") {
        hide_password(password);
    }
    let Some(mfa) = echo.get_mut("mfa") else { return echo };
    let Some(members) = mfa.as_object_mut() else {
        *mfa = json!("REDACTED");
        return echo;
    };
    members.remove("sms");
    for (name, value) in members {
        match name.as_str() {
            "password" => hide_password(value),
            "totp" => *value = json!({"secret": "REDACTED"}),
            _ if value == "nobody" => *value = json!("REDACTED"),
            _ => {}
        }
    }
    echo
}

fn agree(expected: &Directory, users: &[(Value, [Option<String>; 2])]) -> Result<(), String> {
    let mut expected: Vec<_> = expected
        .users
        .iter()
        .map(|user| (user.shown(), [user.password_hash.clone(), user.mfa_password_hash.clone()]))
        .collect();
    expected.sort_by_key(|(user, _)| user["id"].to_string());
    if expected == users {
        return Ok(());
    }
    Err(format!("the directory should hold {expected:?}, and holds {users:?}"))
}
