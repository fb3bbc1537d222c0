//! Asking the directory for the users that a chunk's records may meet.

use std::collections::BTreeSet;

use deadpool_postgres::GenericClient;

use super::{Error, rows};
use crate::import::record::{Given, LoginId, PerIdentifier, Record};
use crate::import::user::User;
use crate::project::{known_groups, known_roles};

/// Everything that the records of a chunk ask for, keyed and sorted.
#[derive(Debug, Default)]
pub struct Wanted {
    keys: PerIdentifier<Vec<String>>,
    roles: BTreeSet<String>,
    groups: BTreeSet<String>,
}

/// What the directory holds of it.
#[derive(Debug)]
pub struct Found {
    pub users: Vec<User>,
    pub roles: BTreeSet<String>,
    pub groups: BTreeSet<String>,
}

impl Wanted {
    pub fn of<'a>(records: impl Iterator<Item = &'a Record>) -> Self {
        let mut wanted = Self::default();
        for record in records {
            add(&mut wanted.keys.email, &record.login_ids.email);
            add(&mut wanted.keys.phone_number, &record.login_ids.phone_number);
            add(&mut wanted.keys.preferred_username, &record.login_ids.preferred_username);
            add(&mut wanted.keys.external_id, &record.login_ids.external_id);
            wanted.roles.extend(record.roles.iter().flatten().cloned());
            wanted.groups.extend(record.groups.iter().flatten().cloned());
        }
        let PerIdentifier { email, phone_number, preferred_username, external_id } =
            &mut wanted.keys;
        for keys in [email, phone_number, preferred_username, external_id] {
            keys.sort_unstable();
            keys.dedup();
        }
        wanted
    }

    pub async fn probe(&self, client: &impl GenericClient, project: i32) -> Result<Found, Error> {
        let statement = client.prepare_cached(include_str!("probe.sql")).await?;
        let PerIdentifier { email, phone_number, preferred_username, external_id } = &self.keys;
        let rows = client
            .query(&statement, &[&project, email, phone_number, preferred_username, external_id])
            .await?;
        Ok(Found {
            users: rows.iter().map(rows::user).collect::<Result<_, _>>()?,
            roles: known_roles(client, project, &self.roles).await?,
            groups: known_groups(client, project, &self.groups).await?,
        })
    }
}

fn add(keys: &mut Vec<String>, login_id: &Given<LoginId>) {
    if let Given::Value(login_id) = login_id {
        keys.push(login_id.key.clone());
    }
}
