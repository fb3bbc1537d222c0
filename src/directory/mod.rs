//! Users as a caller reads them, and the proof that a migrated hash still logs its user in.
//!
//! Only reads: what changes the directory is `apply`. A secret never leaves this folder; that a
//! user has one, of which kind and until when, is all that is shown.

mod find;
mod hashing;
mod store;
mod user;
mod verify;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::{get, post};

pub use self::hashing::Hashing;
use crate::pg::Pool;
use crate::web::Auth;

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
pub fn router(state: State) -> Router {
    Router::new()
        .route("/users", get(find::by_login_id))
        .route("/users/{user_id}", get(find::by_id))
        .route("/users/{user_id}/verify-password", post(verify::handle))
        .with_state(state)
}
