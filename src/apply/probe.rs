//! Asking the directory for the users that a chunk's records may meet.

use std::collections::BTreeSet;

use super::identifiers::Identifiers;
use super::way::Way;
use super::{Error, rows};
use crate::import::record::{Given, PerIdentifier, Record};
use crate::import::resolve::KnownUsers;
use crate::import::settings::{Settings, UnknownKeys};
use crate::import::task::{Identifier, Options};
use crate::import::user::User;
use crate::project::{known_groups, known_roles};
use deadpool_postgres::GenericClient;

/// Everything that the records of a chunk ask for.
#[derive(Debug, Default)]
pub struct Wanted {
    keys: PerIdentifier<Vec<String>>,
    roles: BTreeSet<String>,
    groups: BTreeSet<String>,
}

/// What the directory holds of it.
#[derive(Debug, Default)]
pub struct Found {
    pub users: Vec<User>,
    pub known: KnownUsers,
    pub roles: BTreeSet<String>,
    pub groups: BTreeSet<String>,
}

impl Wanted {
    /// What has to be asked for to go this way.
    ///
    /// Roles and groups only where they must exist. Where they may be made, all that are written
    /// are made: one that is there is left alone.
    pub fn of<'a>(
        way: Way,
        options: Options,
        settings: &Settings,
        records: impl Iterator<Item = &'a Record>,
    ) -> Self {
        let mut wanted = Self::default();
        for record in records {
            for which in Identifier::ALL {
                let is_asked = match way {
                    Way::Blind => false,
                    Way::Near | Way::Quick => which == options.identifier,
                    Way::Sure => true,
                };
                if let (true, Given::Value(login_id)) = (is_asked, record.login_ids.get(which)) {
                    wanted.keys.get_mut(which).push(login_id.key.clone());
                }
            }
            if settings.unknown_roles_and_groups == UnknownKeys::Existing {
                wanted.roles.extend(record.roles.iter().flatten().cloned());
                wanted.groups.extend(record.groups.iter().flatten().cloned());
            }
        }
        wanted.in_order()
    }

    /// The same of a chunk that asks for nothing but identifiers. They stay in the order of the
    /// file, which is that of its users' ids if it is sent again.
    pub fn of_identifiers(identifier: Identifier, keys: Vec<String>) -> Self {
        let mut wanted = Self::default();
        *wanted.keys.get_mut(identifier) = keys;
        wanted
    }

    fn in_order(mut self) -> Self {
        for which in Identifier::ALL {
            let keys = self.keys.get_mut(which);
            keys.sort_unstable();
            keys.dedup();
        }
        self
    }

    /// A task's first chunks mostly ask for nothing.
    pub fn is_nothing(&self) -> bool {
        let Self { keys, roles, groups } = self;
        Identifier::ALL.into_iter().all(|which| keys.get(which).is_empty())
            && roles.is_empty()
            && groups.is_empty()
    }

    /// The users that hold any of the login ids, whole.
    pub async fn probe(&self, client: &impl GenericClient, project: i32) -> Result<Found, Error> {
        let statement = client.prepare_cached(include_str!("probe.sql")).await?;
        let PerIdentifier { email, phone_number, preferred_username, external_id } = &self.keys;
        let rows = client
            .query(&statement, &[&project, email, phone_number, preferred_username, external_id])
            .await?;
        let users = rows.iter().map(rows::user).collect::<Result<_, _>>()?;
        self.found(client, project, users, KnownUsers::default()).await
    }

    /// The users that hold any of the identifiers, where they only keep records from being new.
    pub async fn probe_identifiers(
        mut self,
        client: &impl GenericClient,
        project: i32,
        identifier: Identifier,
    ) -> Result<Found, Error> {
        let keys = std::mem::take(self.keys.get_mut(identifier));
        let known = Identifiers { client, project, identifier }.probe(keys).await?;
        self.found(client, project, Vec::new(), known).await
    }

    /// The same by fewer probes, if these users were made one after the other; says if they were.
    pub async fn probe_neighbours(
        mut self,
        client: &impl GenericClient,
        project: i32,
        identifier: Identifier,
    ) -> Result<(Found, bool), Error> {
        let keys = std::mem::take(self.keys.get_mut(identifier));
        let asked = Identifiers { client, project, identifier };
        let (known, are_neighbours) = asked.probe_neighbours(keys).await?;
        Ok((self.found(client, project, Vec::new(), known).await?, are_neighbours))
    }

    async fn found(
        &self,
        client: &impl GenericClient,
        project: i32,
        users: Vec<User>,
        known: KnownUsers,
    ) -> Result<Found, Error> {
        let roles = known_roles(client, project, &self.roles).await?;
        let groups = known_groups(client, project, &self.groups).await?;
        Ok(Found { users, known, roles, groups })
    }
}
