//! What each column means: a path into a record, and how its cells are read.

use std::collections::HashSet;

use super::Error;
use super::object::{Node, Read};

pub(super) struct Header {
    columns: usize,
    members: Vec<Node>,
}

impl Header {
    /// Errors with the number of columns that no record has, or that stand twice. They are not
    /// named: in a file without a header, secrets stand there.
    pub fn read(names: &[&[u8]]) -> Result<Self, Error> {
        let mut seen = HashSet::new();
        let mut header = Self { columns: names.len(), members: Vec::new() };
        let mut wrong = 0;
        for (column, name) in names.iter().enumerate() {
            let known =
                std::str::from_utf8(name).ok().and_then(|name| Some((name, reading(name)?)));
            let fits = known.is_some_and(|(name, read)| {
                seen.insert(name) && Node::insert(&mut header.members, name, column, read)
            });
            wrong += usize::from(!fits);
        }
        if wrong > 0 { Err(Error::Columns(wrong)) } else { Ok(header) }
    }

    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Appends the object that a row of as many cells is.
    pub fn write(&self, cells: &[&[u8]], out: &mut Vec<u8>) {
        Node::write_object(&self.members, cells, out);
    }
}

/// How the cells of a column are read; nothing where no record has such a member.
fn reading(name: &str) -> Option<Read> {
    match name {
        "email_verified" | "phone_number_verified" | "disabled" => Some(Read::Boolean),
        "roles" | "groups" => Some(Read::List),
        "preferred_username"
        | "email"
        | "phone_number"
        | "external_id"
        | "account_valid_from"
        | "account_valid_until"
        | "name"
        | "given_name"
        | "family_name"
        | "middle_name"
        | "nickname"
        | "gender"
        | "profile"
        | "website"
        | "picture"
        | "birthdate"
        | "zoneinfo"
        | "locale"
        | "address.formatted"
        | "address.street_address"
        | "address.locality"
        | "address.region"
        | "address.postal_code"
        | "address.country"
        | "password.type"
        | "password.password_hash"
        | "password.expire_after"
        | "mfa.email"
        | "mfa.phone_number"
        | "mfa.password.type"
        | "mfa.password.password_hash"
        | "mfa.password.expire_after"
        | "mfa.totp.secret" => Some(Read::Text),
        _ => {
            let attribute = name.strip_prefix("custom_attributes.")?;
            attribute.split('.').all(|part| !part.is_empty()).then_some(Read::Boolean)
        }
    }
}
