//! The exchange, the queues and their arguments.
//!
//! Arguments never change under one name, for a broker refuses a queue whose arguments differ:
//! a changed topology is a new name, hence the version at the end of each.

use lapin::options::{
    ConfirmSelectOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Connection, ExchangeKind};

use super::Error;
use super::error::within;

/// Far above what ever happens: attempts are counted in Postgres, because brokers 3.10 and 4
/// count deliveries differently and have different limits by default.
const DELIVERY_LIMIT: i64 = 1000;
/// A dead letter is a matter for an operator; its chunk comes back by its lease.
const DEAD_LETTERS_MAX: i64 = 1000;
/// A week: longer than a long weekend.
const DEAD_LETTER_TTL_MS: i64 = 7 * 24 * 3600 * 1000;

/// Which of the two queues. Small imports are not stuck behind big ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Tasks that arrived as more than one chunk.
    Bulk,
    /// Tasks that arrived as one chunk; served first.
    Express,
}

impl Lane {
    pub const ALL: [Self; 2] = [Self::Express, Self::Bulk];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bulk => "bulk",
            Self::Express => "express",
        }
    }
}

/// The names under one prefix.
#[derive(Debug, Clone)]
pub struct Names {
    pub exchange: String,
    pub bulk: String,
    pub express: String,
    pub dead: String,
}

impl Names {
    pub fn new(prefix: &str) -> Self {
        Self {
            exchange: format!("{prefix}.v1"),
            bulk: format!("{prefix}.chunks.v1"),
            express: format!("{prefix}.express.v1"),
            dead: format!("{prefix}.dead.v1"),
        }
    }

    pub fn queue(&self, lane: Lane) -> &str {
        match lane {
            Lane::Bulk => &self.bulk,
            Lane::Express => &self.express,
        }
    }
}

fn arguments(pairs: &[(&str, AMQPValue)]) -> FieldTable {
    let mut table = FieldTable::default();
    for (key, value) in pairs {
        table.insert((*key).into(), value.clone());
    }
    table
}

/// Declares whatever is missing. Safe to run from many places at once.
pub(super) async fn declare(channel: &Channel, names: &Names) -> Result<(), Error> {
    let durable = ExchangeDeclareOptions { durable: true, ..Default::default() };
    let exchange = names.exchange.as_str();
    within(
        "declare exchange",
        channel.exchange_declare(
            exchange.into(),
            ExchangeKind::Direct,
            durable,
            FieldTable::default(),
        ),
    )
    .await?;
    let quorum = ("x-queue-type", AMQPValue::LongString("quorum".into()));
    let dead = arguments(&[
        quorum.clone(),
        ("x-max-length", AMQPValue::LongLongInt(DEAD_LETTERS_MAX)),
        ("x-message-ttl", AMQPValue::LongLongInt(DEAD_LETTER_TTL_MS)),
    ]);
    declare_queue(channel, &names.dead, dead).await?;
    for lane in Lane::ALL {
        let queue = names.queue(lane);
        let work = arguments(&[
            quorum.clone(),
            ("x-delivery-limit", AMQPValue::LongLongInt(DELIVERY_LIMIT)),
            // The default exchange routes to the queue of that name.
            ("x-dead-letter-exchange", AMQPValue::LongString("".into())),
            ("x-dead-letter-routing-key", AMQPValue::LongString(names.dead.as_str().into())),
        ]);
        declare_queue(channel, queue, work).await?;
        let bound = channel.queue_bind(
            queue.into(),
            exchange.into(),
            lane.as_str().into(),
            QueueBindOptions::default(),
            FieldTable::default(),
        );
        within("bind queue", bound).await?;
    }
    Ok(())
}

async fn declare_queue(channel: &Channel, queue: &str, arguments: FieldTable) -> Result<(), Error> {
    let declared = channel.queue_declare(queue.into(), QueueDeclareOptions::durable(), arguments);
    within("declare queue", declared).await.map(drop)
}

/// A channel on which the broker confirms what it was given.
pub(super) async fn confirming_channel(connection: &Connection) -> Result<Channel, Error> {
    let channel = within("open channel", connection.create_channel()).await?;
    // Without this every confirm is `NotRequested`, which says nothing.
    within("ask for confirms", channel.confirm_select(ConfirmSelectOptions::default())).await?;
    Ok(channel)
}
