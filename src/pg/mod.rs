//! How we talk to Postgres: the pool, what its errors mean, and the migrations.
//!
//! Nothing outside this folder looks at a SQLSTATE or opens a connection. Through `PgBouncer` in
//! transaction mode everything works but `migrate`: no session state, `SET LOCAL` only.

mod error;
mod grants;
mod migrate;
mod pool;
mod tls;

pub use error::{Class, Error};
pub use grants::{Grantee, grant};
pub use migrate::{RELEASE, SchemaError, check_schema, migrate};
pub use pool::{Client, Pool, Transaction, begin, connect, ping};
