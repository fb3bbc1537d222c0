//! The edge: the accept loop, and what a connection is held to before a handler sees a request.
//!
//! HTTP/1.1 alone; a proxy in front speaks the rest. Bytes pass the gate, which judges each head
//! as it came over the wire, then hyper, then the layers.

mod accept;
mod chunked;
mod connection;
mod gate;
mod head;
mod timer;
mod turn;

pub use accept::{Limits, serve};

#[cfg(test)]
mod tests;
