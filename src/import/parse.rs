//! From a record's bytes to a [`Record`], with every fault it has.
use super::outcome::Fault;
use super::record::Record;
use super::settings::Settings;
use super::task::Identifier;

pub fn parse(json: &[u8], identifier: Identifier, settings: &Settings) -> Result<Record, Vec<Fault>> {
    let _ = (json, identifier, settings);
    unimplemented!()
}
