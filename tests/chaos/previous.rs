//! An older release, built once from this repository's own history.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The first commit that had what production asks for (roles, rotation of the master key, secrets
/// from files), and so the first that somebody may still run. The schema and the versions of
/// payloads and messages are older and have not changed since; a change of one moves this up.
const COMMIT: &str = "de7d5e0";

/// Where it is built: beside what this build has made, and kept.
fn folder() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("it lies in the target");
    target.join("previous").join(COMMIT)
}

pub fn program() -> PathBuf {
    folder().join("build/debug/user-import")
}

/// Builds it where that was not done before. Errors say why it cannot be.
pub fn build() -> Result<(), String> {
    if program().exists() {
        return Ok(());
    }
    let (root, source) = (Path::new(env!("CARGO_MANIFEST_DIR")), folder().join("source"));
    std::fs::create_dir_all(&source).map_err(|error| error.to_string())?;
    let mut archive = Command::new("git");
    archive.args(["archive", COMMIT]).current_dir(root).stdout(Stdio::piped());
    let mut archive = archive.spawn().map_err(|_| "it needs git".to_owned())?;
    let tree = archive.stdout.take().expect("it is piped");
    let unpacked = Command::new("tar").arg("-x").current_dir(&source).stdin(tree).status();
    let is_there = archive.wait().is_ok_and(|status| status.success());
    if !is_there || !unpacked.is_ok_and(|status| status.success()) {
        return Err(format!("the commit {COMMIT} is not in this clone"));
    }
    eprintln!("building the release of {COMMIT}");
    let mut cargo = Command::new(env!("CARGO"));
    // As for a test, so that it has the same failpoints.
    cargo.args(["test", "--locked", "--no-run", "--test", "tidy"]).current_dir(&source);
    cargo.env("CARGO_TARGET_DIR", folder().join("build"));
    let built = cargo.status().is_ok_and(|status| status.success());
    if built { Ok(()) } else { Err(format!("the commit {COMMIT} does not build")) }
}
