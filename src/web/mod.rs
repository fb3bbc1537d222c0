//! How we answer a caller: errors, who is calling, and the edge that connections arrive at.
//!
//! Everything that is the same for every request stands here: the one shape of an error answer,
//! the check of a token, the layers around the handlers and the accept loop below them. What a
//! request means is left to the stages.

mod access;
pub mod auth;
pub mod body;
mod edge;
mod error;
pub mod json;
mod layers;
mod negotiate;
mod path;
pub mod query;
pub mod route;

pub use auth::{Auth, Caller};
pub use edge::{Limits, serve};
pub use error::{Error, NotFound, kind};
pub use layers::layers;
pub use negotiate::{accepts, content_is_plain_json};
pub use path::Id;
