//! Handing messages to the broker, and knowing whether it took them.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lapin::options::{BasicPublishOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Confirmation, Connection, PublisherConfirm};
use tokio::time::{Instant, timeout_at};

use super::error::within;
use super::topology::{confirming_channel, declare};
use super::{ChunkMessage, Error, Lane, Names, connection};
use crate::config::Broker;

/// How long a batch may take to be confirmed. A broker whose disk is slow confirms within a
/// second; behind an alarm it never does.
const CONFIRM: Duration = Duration::from_secs(15);

/// How long a lane may be refused without a message taken before the connection is given up. A full
/// queue is waited for; but RabbitMQ remembers for each channel that a queue which rejects is
/// full, and never tells it if the limit is lifted meanwhile (3.10).
const REFUSED: Duration = Duration::from_secs(5);

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The broker has taken responsibility: confirmed, and routed to a queue.
    Sent,
    /// The broker could route it nowhere, and dropped it.
    Returned,
    /// The broker said no.
    Refused,
    /// No word came: it may be in the queue or not.
    Unknown,
}

/// How long a queue is, and how many consume it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    pub ready: u32,
    pub consumers: u32,
}

/// A connection that only publishes. Dropped on the first error; its owner opens another.
pub struct Publisher {
    // Held because dropping it closes the connection.
    _connection: Connection,
    channel: Channel,
    names: Names,
    /// Since when nothing was taken.
    refused_since: Mutex<HashMap<Lane, Instant>>,
}

impl Publisher {
    /// Connects, and declares whatever is missing of the topology.
    pub async fn open(config: &Broker) -> Result<Self, Error> {
        let connection = connection::open(config, "relay").await?;
        let channel = confirming_channel(&connection).await?;
        let names = Names::new(&config.amqp_prefix);
        declare(&channel, &names).await?;
        Ok(Self { _connection: connection, channel, names, refused_since: Mutex::default() })
    }

    /// Errors where the queue is gone; opening anew declares it again.
    pub async fn depth(&self, lane: Lane) -> Result<Depth, Error> {
        let passive = QueueDeclareOptions::durable().passive();
        let asked = self.channel.queue_declare(
            self.names.queue(lane).into(),
            passive,
            FieldTable::default(),
        );
        let queue = within("ask for the queue's length", asked).await?;
        Ok(Depth { ready: queue.message_count(), consumers: queue.consumer_count() })
    }

    /// Publishes a batch and returns each message's fate, in order.
    ///
    /// The second value is false where the connection is not to be used again: it broke, all is
    /// refused, or a binding is missing, which opening anew declares.
    pub async fn publish(&self, lane: Lane, batch: &[ChunkMessage]) -> (Vec<Fate>, bool) {
        let deadline = Instant::now() + CONFIRM;
        let mut pending = Vec::with_capacity(batch.len());
        for message in batch {
            pending.push(self.send(lane, message, deadline).await);
        }
        let mut returned = HashSet::new();
        let mut fates = Vec::with_capacity(batch.len());
        for confirm in pending {
            fates.push(match confirm {
                None => Fate::Unknown,
                Some(confirm) => settle(timeout_at(deadline, confirm).await, &mut returned),
            });
        }
        // A return arrives before its confirm, but lapin may hand it out with another's.
        for (message, fate) in batch.iter().zip(&mut fates) {
            if returned.contains(&message.id()) {
                *fate = Fate::Returned;
            }
        }
        let usable = !fates.iter().any(|fate| matches!(fate, Fate::Unknown | Fate::Returned));
        let usable = usable && !self.loses_patience(lane, &fates);
        (fates, usable)
    }

    /// Notes whether the lane takes anything. True: it has been refused for so long that it is no
    /// longer waited for.
    fn loses_patience(&self, lane: Lane, fates: &[Fate]) -> bool {
        let mut since = self.refused_since.lock().unwrap_or_else(PoisonError::into_inner);
        if fates.iter().any(|fate| *fate != Fate::Refused) {
            since.remove(&lane);
        } else if !fates.is_empty() {
            return since.entry(lane).or_insert_with(Instant::now).elapsed() > REFUSED;
        }
        false
    }

    async fn send(
        &self,
        lane: Lane,
        message: &ChunkMessage,
        deadline: Instant,
    ) -> Option<PublisherConfirm> {
        // `mandatory` matters as much as the confirm. The broker acknowledges a message that it
        // could route nowhere, and then drops it.
        let options = BasicPublishOptions { mandatory: true, ..Default::default() };
        let sent = self.channel.basic_publish(
            self.names.exchange.as_str().into(),
            lane.as_str().into(),
            options,
            &message.sealed,
            message.properties(),
        );
        timeout_at(deadline, sent).await.ok()?.ok()
    }
}

fn settle(
    confirm: Result<lapin::Result<Confirmation>, tokio::time::error::Elapsed>,
    returned: &mut HashSet<String>,
) -> Fate {
    match confirm {
        Ok(Ok(Confirmation::Ack(None))) => Fate::Sent,
        Ok(Ok(Confirmation::Ack(Some(message)))) => {
            let id = message.delivery.properties.message_id().as_ref();
            returned.extend(id.map(ToString::to_string));
            // Whose it is, its id says: this confirm alone is an acknowledgement.
            Fate::Sent
        }
        Ok(Ok(Confirmation::Nack(_))) => Fate::Refused,
        Ok(Ok(Confirmation::NotRequested) | Err(_)) | Err(_) => Fate::Unknown,
    }
}
