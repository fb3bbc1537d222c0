//! How we talk to RabbitMQ: connections, the topology, the one message, publishing, consuming.
//!
//! Without lapin's own recovery, which hung publishes and acks on a lost connection: whoever
//! holds a [`Publisher`] or [`Consumers`] drops it on the first error and opens another. Every
//! wait for the broker has a time limit. Publishing and consuming use connections of their own,
//! because a memory alarm blocks every write of a publishing connection.

mod connection;
mod consumer;
mod error;
mod message;
mod publisher;
mod topology;

/// What the fuzzer reaches: fuzz/.
#[cfg(fuzzing)]
pub mod fuzzing {
    use lapin::BasicProperties;

    use super::{BadMessage, ChunkMessage};

    pub fn properties(message: &ChunkMessage) -> BasicProperties {
        message.properties()
    }

    pub fn read(properties: &BasicProperties, body: Vec<u8>) -> Result<ChunkMessage, BadMessage> {
        ChunkMessage::read(properties, body)
    }
}

pub use connection::ping;
pub use consumer::{Consumers, Delivery};
pub use error::Error;
pub use message::{BadMessage, ChunkMessage};
pub use publisher::{Depth, Fate, Publisher};
pub use topology::{Lane, Names};
