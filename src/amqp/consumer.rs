//! Taking deliveries from the two queues, the express one first.

use std::pin::Pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::Peekable;
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions,
    BasicRejectOptions,
};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Connection, Consumer};

use super::error::within;
use super::topology::declare;
use super::{BadMessage, ChunkMessage, Error, Lane, Names, connection};
use crate::config::Broker;

/// How long to wait for what the broker had already sent when it heard the cancel: it is here
/// by then, or comes with the broker's next frame.
const UNSEEN: Duration = Duration::from_millis(200);

/// A connection that only consumes. Dropped on the first error; its owner opens another, and
/// the broker hands out again what was not acknowledged.
pub struct Consumers {
    _connection: Connection,
    express: Subscription,
    bulk: Subscription,
}

struct Subscription {
    channel: Channel,
    tag: ShortString,
    consumer: Peekable<Consumer>,
}

impl Subscription {
    /// Returns once the next delivery, or the end of the subscription, is here.
    async fn ready(&mut self) {
        Pin::new(&mut self.consumer).peek().await;
    }
}

/// One handing-over by the broker.
pub struct Delivery {
    pub lane: Lane,
    /// The broker has handed it out before.
    pub redelivered: bool,
    pub message: Result<ChunkMessage, BadMessage>,
    acker: lapin::Acker,
}

impl Consumers {
    /// Connects, declares what is missing, and subscribes to both queues with `prefetch`
    /// deliveries each that are handed out and not yet settled.
    pub async fn open(config: &Broker, prefetch: u16) -> Result<Self, Error> {
        let connection = connection::open(config, "worker").await?;
        let names = Names::new(&config.amqp_prefix);
        let channel = within("open channel", connection.create_channel()).await?;
        declare(&channel, &names).await?;
        let express = subscribe(&connection, names.queue(Lane::Express), prefetch).await?;
        let bulk = subscribe(&connection, names.queue(Lane::Bulk), prefetch).await?;
        Ok(Self { _connection: connection, express, bulk })
    }

    /// Returns once [`Self::next`] would not wait.
    pub async fn ready(&mut self) {
        tokio::select! {
            () = self.express.ready() => {}
            () = self.bulk.ready() => {}
        }
    }

    /// The next delivery, express before bulk. Errors when either subscription ended: that is
    /// no shutdown, but a queue deleted or a connection lost.
    pub async fn next(&mut self) -> Result<Delivery, Error> {
        let (lane, next) = tokio::select! {
            biased;
            next = self.express.consumer.next() => (Lane::Express, next),
            next = self.bulk.consumer.next() => (Lane::Bulk, next),
        };
        let delivery = match next {
            Some(Ok(delivery)) => delivery,
            Some(Err(source)) => {
                return Err(Error::Lost { step: "consume", source });
            }
            None => return Err(Error::Ended { step: "consume" }),
        };
        Ok(Delivery {
            lane,
            redelivered: delivery.redelivered,
            message: ChunkMessage::read(&delivery.properties, delivery.data),
            acker: delivery.acker,
        })
    }

    /// Asks the broker to hand out nothing more, and gives back what waits here unseen. What was
    /// taken can still be acknowledged until this is dropped.
    pub async fn cancel(&mut self) -> Result<(), Error> {
        for subscription in [&mut self.express, &mut self.bulk] {
            let tag = subscription.tag.clone();
            let cancelled = subscription.channel.basic_cancel(tag, BasicCancelOptions::default());
            within("cancel", cancelled).await?;
            while let Ok(Some(Ok(delivery))) =
                tokio::time::timeout(UNSEEN, subscription.consumer.next()).await
            {
                let back = BasicNackOptions { requeue: true, ..Default::default() };
                within("give back", delivery.nack(back)).await?;
            }
        }
        Ok(())
    }
}

async fn subscribe(
    connection: &Connection,
    queue: &str,
    prefetch: u16,
) -> Result<Subscription, Error> {
    let channel = within("open channel", connection.create_channel()).await?;
    within("set prefetch", channel.basic_qos(prefetch, BasicQosOptions::default())).await?;
    let consuming = channel.basic_consume(
        queue.into(),
        "".into(),
        BasicConsumeOptions::default(),
        FieldTable::default(),
    );
    let consumer = within("consume", consuming).await?;
    let tag = consumer.tag();
    Ok(Subscription { channel, tag, consumer: consumer.peekable() })
}

impl Delivery {
    /// Tells the broker that the chunk is done with. If the word does not arrive the message
    /// comes again, and the fence finds the chunk applied.
    pub async fn ack(&self) -> Result<(), Error> {
        // `Ok(false)` means that the channel is gone: the same as an error to us.
        if within("ack", self.acker.ack(BasicAckOptions::default())).await? {
            return Ok(());
        }
        Err(Error::Ended { step: "ack" })
    }

    /// Sends the message to the dead letters.
    pub async fn reject(&self) -> Result<(), Error> {
        within("reject", self.acker.reject(BasicRejectOptions { requeue: false })).await.map(drop)
    }

    /// Lets the broker hand the message to somebody else.
    pub async fn give_back(&self) -> Result<(), Error> {
        let back = BasicNackOptions { requeue: true, ..Default::default() };
        within("give back", self.acker.nack(back)).await.map(drop)
    }
}
