//! `rekey`: what an older master key sealed is sealed anew under the first one.
//!
//! In small transactions over rows that nobody else holds: no worker waits for it long, and it
//! waits for none. What is done already is passed over, so a second run, or one after a run that
//! was broken off, does what is left. Bytes that cannot be opened stay as they are.

mod reseal;

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use clap::Args;
use uuid::Uuid;

use self::reseal::Table;
use super::output;
use crate::config::{Database, Keys};
use crate::pg::{self, Pool};
use crate::seal::MasterKeys;

#[derive(Debug, Args)]
#[command(after_help = "Example:
  MASTER_KEY=new:KEY,old:KEY user-import rekey

Rotation without downtime: give every process the new key behind the old one, then the new one \
first, then run this, and once it says that the old one is not used, drop it after \
TASK_RETENTION_SECONDS.")]
pub struct Arguments {
    #[command(flatten)]
    database: Database,
    #[command(flatten)]
    keys: Keys,
}

/// The keys of open tasks. A payload stays as it is: only the key that opens it is wrapped anew.
const TASK_KEYS: Table<i64> = Table {
    start: i64::MIN,
    stale: include_str!("stale_task_keys.sql"),
    update: "UPDATE import_task_key SET master_key_id = $3, wrapped_key = $4 \
             WHERE project = $1 AND task = $2",
    reseal: |keys, project, task, master_key_id, bytes| {
        let key = keys.unwrap_key(project, task, master_key_id, bytes).ok()?;
        Some(keys.wrap(project, task, &key))
    },
};

/// The one secret of the directory that has to be opened again.
const TOTP_SECRETS: Table<Uuid> = Table {
    start: Uuid::nil(),
    stale: include_str!("stale_totp.sql"),
    update: "UPDATE user_secret SET totp_key_id = $3, totp_secret = $4 \
             WHERE project = $1 AND user_id = $2",
    reseal: |keys, project, user, master_key_id, bytes| {
        let secret = keys.open_totp(project, user, master_key_id, bytes).ok()?;
        Some(keys.seal_totp(project, user, &secret))
    },
};

pub async fn run(arguments: Arguments) -> Result<()> {
    let keys = MasterKeys::parse(&arguments.keys.text()?)?;
    let pool = pg::connect(&arguments.database)?;
    pg::check_schema(&pool).await?;
    let old = older(&keys, &used(&pool).await?);
    let tasks = TASK_KEYS.reseal(&pool, &keys, &old).await?;
    let secrets = TOTP_SECRETS.reseal(&pool, &keys, &old).await?;
    output::line(&format!(
        "{} keys of open tasks and {} TOTP secrets sealed under {}",
        tasks.resealed,
        secrets.resealed,
        keys.sealing_id()
    ))?;
    tell(&keys, &used(&pool).await?)?;
    match tasks.damaged + secrets.damaged {
        0 => Ok(()),
        damaged => bail!("{damaged} could not be opened and were left as they are"),
    }
}

/// The ids that rows name, of both tables.
async fn used(pool: &Pool) -> Result<BTreeSet<String>, pg::Error> {
    let client = pool.get().await?;
    let rows = client.query(include_str!("used.sql"), &[]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Those whose key is at hand and is not the first.
fn older(keys: &MasterKeys, used: &BTreeSet<String>) -> Vec<String> {
    let opens = |id: &&String| keys.opener(id).is_some() && !keys.is_sealing(id);
    used.iter().filter(opens).cloned().collect()
}

/// Says which keys may go, or that one is missing.
fn tell(keys: &MasterKeys, used: &BTreeSet<String>) -> Result<()> {
    let lost: Vec<&str> =
        used.iter().filter(|id| keys.opener(id).is_none()).map(String::as_str).collect();
    if !lost.is_empty() {
        bail!(
            "some rows need the master key {}, which is not at hand; add it to MASTER_KEY and run \
             this again",
            lost.join(", ")
        );
    }
    let needed: BTreeSet<&str> = used.iter().filter_map(|id| keys.opener(id)).collect();
    let free: Vec<&str> = keys.ids().skip(1).filter(|id| !needed.contains(id)).collect();
    if free.is_empty() {
        return output::line("every key is in use");
    }
    output::line(&format!(
        "no longer used: {}; drop it once the tasks that were sent before the rotation are past \
         their retention, for a retry by idempotency key is compared under the key of its time",
        free.join(", ")
    ))
}
