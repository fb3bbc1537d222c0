//! Users as a caller reads them, and the proof that a migrated hash still logs its user in.
//!
//! Only reads: what changes the directory is `apply`. A secret never leaves this folder; that a
//! user has one, of which kind and until when, is all that is shown.

mod find;
mod hashing;
mod store;
mod user;
mod verify;

use axum::extract::FromRef;

pub use self::hashing::Hashing;
use crate::pg::Pool;
use crate::web::Auth;
use crate::web::route::Routes;

/// What the handlers of this module work with.
#[derive(Clone)]
pub struct State {
    pub pool: Pool,
    pub auth: Auth,
    pub hashing: Hashing,
}

impl FromRef<State> for Auth {
    fn from_ref(state: &State) -> Self {
        state.auth.clone()
    }
}

/// The routes that read users, below `/_api/admin`.
pub fn routes() -> Routes<State> {
    Routes::new()
        .on(&find::BY_LOGIN_ID, find::by_login_id)
        .on(&find::BY_ID, find::by_id)
        .on(&verify::ROUTE, verify::handle)
}
