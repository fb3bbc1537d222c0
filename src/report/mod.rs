//! Stage four: what to tell people and programs about a task.
//!
//! The summary comes from the task's row, the details from what apply wrote, decompressed and
//! joined and never parsed where all are asked for. Nothing is cached: the row is the truth, and
//! a task of another project answers like one that does not exist.

mod cancel;
mod details;
mod failures;
mod filter;
mod list;
mod status;
mod task;

use axum::Router;
use axum::extract::FromRef;
use axum::routing::{get, post};

use crate::pg::Pool;
use crate::web::Auth;

/// What the handlers of this stage work with.
#[derive(Clone)]
pub struct State {
    pub pool: Pool,
    pub auth: Auth,
}

impl FromRef<State> for Auth {
    fn from_ref(state: &State) -> Self {
        state.auth.clone()
    }
}

/// The routes that read tasks, below `/_api/admin`.
pub fn router(state: State) -> Router {
    Router::new()
        .route("/users/import", get(list::handle))
        .route("/users/import/{id}", get(status::handle))
        .route("/users/import/{id}/failures", get(failures::handle))
        .route("/users/import/{id}/cancel", post(cancel::handle))
        .with_state(state)
}
