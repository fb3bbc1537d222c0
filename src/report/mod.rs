//! Stage four: what to tell people and programs about a task.
//!
//! The summary comes from the task's row, the details from what apply wrote, decompressed and
//! joined and never parsed where all are asked for. Nothing is cached: the row is the truth, and
//! a task of another project answers like one that does not exist.

mod cancel;
mod chunks;
mod details;
mod events;
mod failures;
mod filter;
mod list;
mod status;
mod task;

use axum::extract::FromRef;

use crate::pg::Pool;
use crate::web::Auth;
use crate::web::route::Routes;

pub use events::Watches;

/// What the handlers of this stage work with.
#[derive(Clone)]
pub struct State {
    pub pool: Pool,
    pub auth: Auth,
    pub watches: Watches,
}

impl FromRef<State> for Auth {
    fn from_ref(state: &State) -> Self {
        state.auth.clone()
    }
}

/// The routes that read tasks, below `/_api/admin`.
pub fn routes() -> Routes<State> {
    Routes::new()
        .on(&list::ROUTE, list::handle)
        .on(&status::ROUTE, status::handle)
        .on(&events::ROUTE, events::handle)
        .on(&failures::ROUTE, failures::handle)
        .on(&cancel::ROUTE, cancel::handle)
}
