//! The formats of single values: does a text say what its member wants, and what is it then?

pub(super) mod birthdate;
pub(super) mod locale;
pub(super) mod time;
pub(super) mod uri;
pub(super) mod zoneinfo;
