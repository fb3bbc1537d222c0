//! `user-import project`: tenants, their keys and their settings.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::json;

use super::output::{self, Form};
use crate::config::Database;
use crate::import::settings::Settings;
use crate::pg::{self, Pool};
use crate::project::{self, key, store};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    database: Database,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Makes a project and its first key.
    #[command(after_help = "Example:\n  user-import project create demo --key-out demo.pem")]
    Create {
        /// Also the `aud` of its tokens: letters, digits, '.', '_' and '-'.
        name: String,
        /// Where the private key goes, and nowhere else; NAME.pem if absent.
        #[arg(long, value_name = "FILE")]
        key_out: Option<PathBuf>,
    },
    /// Lists the projects with their settings.
    #[command(after_help = "Example:\n  user-import project list")]
    List(Form),
    /// Lists the keys of a project.
    #[command(after_help = "Example:\n  user-import project keys demo")]
    Keys {
        name: String,
        #[command(flatten)]
        form: Form,
    },
    /// Adds a key; it signs at once.
    #[command(after_help = "Example:\n  user-import project add-key demo --key-out demo-2.pem")]
    AddKey {
        name: String,
        /// Where the private key goes, and nowhere else.
        #[arg(long, value_name = "FILE")]
        key_out: PathBuf,
    },
    /// Removes a key; within a minute it signs nothing any more.
    #[command(after_help = "Example:\n  user-import project remove-key demo \
                            NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs")]
    RemoveKey {
        name: String,
        // A kid is base64url, and one in 64 begins with a hyphen.
        #[arg(allow_hyphen_values = true)]
        kid: String,
    },
    /// Changes settings, all or none; those of login ids only while there is no user.
    #[command(after_help = "Example:\n  user-import project set demo email.case_sensitive=true \
                            unknown_roles_and_groups=existing")]
    Set {
        name: String,
        #[arg(required = true, value_name = "KEY=VALUE")]
        settings: Vec<String>,
    },
}

pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let pool = pg::connect(&arguments.database)?;
    match arguments.command {
        Command::Create { name, key_out } => create(&pool, &name, key_out).await,
        Command::List(form) => list(&pool, form).await,
        Command::Keys { name, form } => keys(&pool, &name, form).await,
        Command::AddKey { name, key_out } => add_key(&pool, &name, &key_out).await,
        Command::RemoveKey { name, kid } => remove_key(&pool, &name, &kid).await,
        Command::Set { name, settings } => {
            let settings = settings.into_iter().map(from_file).collect::<Result<Vec<_>, _>>()?;
            output::line(&written(&store::set(&pool, &name, &settings).await?, "\n"))
        }
    }
}

async fn create(pool: &Pool, name: &str, key_out: Option<PathBuf>) -> anyhow::Result<()> {
    project::check_name(name)?;
    let file = key_out.unwrap_or_else(|| PathBuf::from(format!("{name}.pem")));
    let key = key::generate()?;
    store::create(pool, name, &key, || keep(&file, &key.private_pem)).await?;
    let (kid, file) = (key.kid, file.display());
    output::line(&format!(
        "project {name} made; its key {kid} signs, and its private part is in {file}"
    ))
}

async fn add_key(pool: &Pool, name: &str, file: &Path) -> anyhow::Result<()> {
    let key = key::generate()?;
    project::add_key(pool, name, &key, || keep(file, &key.private_pem)).await?;
    let (kid, file) = (key.kid, file.display());
    output::line(&format!("the key {kid} signs for {name}; its private part is in {file}"))
}

async fn remove_key(pool: &Pool, name: &str, kid: &str) -> anyhow::Result<()> {
    let left = match project::remove_key(pool, name, kid).await? {
        0 => "no key left, so nobody can call for it".to_owned(),
        left => format!("{left} left"),
    };
    output::line(&format!("the key {kid} is removed; {name} has {left}"))
}

async fn list(pool: &Pool, form: Form) -> anyhow::Result<()> {
    let projects = store::list(pool).await?;
    if form.is_json() {
        let listed = projects.iter().map(|it| {
            json!({"id": it.id, "created_at": it.created_at, "keys": it.keys, "settings": it.settings})
        });
        return output::json(&listed.collect());
    }
    let mut rows = vec![["project", "made", "keys", "settings"].map(str::to_owned).to_vec()];
    for it in projects {
        let made = format!("{:.0}", it.created_at);
        rows.push(vec![it.id, made, it.keys.to_string(), written(&it.settings, " ")]);
    }
    output::table(&rows)
}

async fn keys(pool: &Pool, name: &str, form: Form) -> anyhow::Result<()> {
    let keys = project::list_keys(pool, name).await?;
    if form.is_json() {
        let listed = keys.iter().map(
            |it| json!({"kid": it.kid, "created_at": it.created_at, "removed_at": it.removed_at}),
        );
        return output::json(&listed.collect());
    }
    let mut rows = vec![["key", "made", "removed"].map(str::to_owned).to_vec()];
    for it in keys {
        let removed = it.removed_at.map_or_else(String::new, |at| format!("{at:.0}"));
        rows.push(vec![it.kid, format!("{:.0}", it.created_at), removed]);
    }
    output::table(&rows)
}

/// `KEY=@FILE` with what the file holds.
fn from_file(assignment: String) -> anyhow::Result<String> {
    let Some((key, file)) = assignment.split_once("=@") else {
        return Ok(assignment);
    };
    let value = std::fs::read_to_string(file).with_context(|| format!("{file} cannot be read"))?;
    Ok(format!("{key}={value}"))
}

/// As `project set` takes them.
fn written(settings: &Settings, between: &str) -> String {
    let value = serde_json::to_value(settings).expect("settings are plain JSON");
    let members = value.as_object().into_iter().flatten();
    let plain =
        |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    members.map(|(key, value)| format!("{key}={}", plain(value))).collect::<Vec<_>>().join(between)
}

/// Writes a file that its owner alone can read. Never over another: it may be the only copy of a
/// key. It stays when the commit after it fails, for that commit may have come through all the
/// same.
fn keep(file: &Path, pem: &str) -> anyhow::Result<()> {
    let write = || -> io::Result<()> {
        let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
        let written = out.write_all(pem.as_bytes()).and_then(|()| out.sync_all());
        written.inspect_err(|_| drop(std::fs::remove_file(file)))
    };
    write().with_context(|| format!("the private key cannot be written to {}", file.display()))
}
