//! The edge: the accept loop, and what a connection is held to before a handler sees a request.
//!
//! HTTP/1.1 alone; a proxy in front speaks the rest.

mod accept;

pub use accept::{Limits, serve};
