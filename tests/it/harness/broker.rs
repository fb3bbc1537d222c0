//! The queues of one test: a look at them, and hands in them.

use std::sync::atomic::{AtomicU32, Ordering};

use lapin::options::{
    BasicGetOptions, BasicPublishOptions, ConfirmSelectOptions, ExchangeDeleteOptions,
    QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions, QueuePurgeOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use tokio::sync::OnceCell;

use user_import::amqp::{Lane, Names};

use super::Servers;

/// A message as it stands in a queue.
#[derive(Debug, Clone)]
pub struct Message {
    pub queue: String,
    pub properties: BasicProperties,
    pub body: Vec<u8>,
}

impl Message {
    /// What the relay would publish of another chunk of the same task.
    pub fn of_another(&self, first_index: i64, record_count: i32, sealed: Vec<u8>) -> Self {
        let mut headers = self.properties.headers().clone().unwrap();
        headers.insert("first_index".into(), AMQPValue::LongLongInt(first_index));
        headers.insert("record_count".into(), AMQPValue::LongInt(record_count));
        let properties = self.properties.clone().with_headers(headers);
        Self { queue: self.queue.clone(), properties, body: sealed }
    }
}

/// The exchange and the queues of one prefix; deleted when it is dropped.
#[derive(Debug)]
pub struct Broker {
    pub prefix: String,
    pub url: String,
    connection: OnceCell<Connection>,
}

impl Broker {
    pub fn new(servers: &Servers) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("ui-test-{}-{number}", std::process::id());
        Self { prefix, url: servers.amqp_url.clone(), connection: OnceCell::new() }
    }

    /// Forgets the connection that was kept, for a server that was away.
    pub fn renew(&mut self) {
        self.connection.take();
    }

    pub fn names(&self) -> Names {
        Names::new(&self.prefix)
    }

    pub fn bulk(&self) -> String {
        self.names().bulk
    }

    pub fn express(&self) -> String {
        self.names().express
    }

    pub fn dead(&self) -> String {
        self.names().dead
    }

    /// A channel of its own: a refused passive declare closes the channel that it was asked on.
    pub async fn channel(&self) -> Channel {
        let connection = self.connection.get_or_init(|| connect(&self.url)).await;
        connection.create_channel().await.unwrap()
    }

    /// Ready messages and consumers of a queue, if it exists.
    async fn look(&self, queue: &str) -> Option<(u32, u32)> {
        let channel = self.channel().await;
        let options = QueueDeclareOptions { passive: true, ..Default::default() };
        // Refused, it has closed the channel too.
        let queue =
            channel.queue_declare(queue.into(), options, FieldTable::default()).await.ok()?;
        close(&channel).await;
        Some((queue.message_count(), queue.consumer_count()))
    }

    /// Messages that are ready; 0 for a queue that does not exist.
    pub async fn ready(&self, queue: &str) -> u32 {
        self.look(queue).await.map_or(0, |(ready, _)| ready)
    }

    pub async fn await_ready(&self, queue: &str, count: u32) {
        super::eventually(&format!("{count} messages are ready in {queue}"), 60, async || {
            let ready = self.ready(queue).await;
            super::holds(ready == count, ready)
        })
        .await;
    }

    pub async fn await_consumers(&self, queue: &str, count: u32) {
        super::eventually(&format!("{count} consumers are at {queue}"), 60, async || {
            let seen = self.look(queue).await.map_or(0, |(_, consumers)| consumers);
            super::holds(seen == count, seen)
        })
        .await;
    }

    /// Messages that are ready in any queue of the prefix but the dead letters.
    pub async fn waiting(&self) -> u32 {
        self.ready(&self.bulk()).await + self.ready(&self.express()).await
    }

    /// Throws away what is ready, and returns how many that were.
    pub async fn purge(&self, queue: &str) -> u32 {
        let channel = self.channel().await;
        let count = channel.queue_purge(queue.into(), QueuePurgeOptions::default()).await.unwrap();
        close(&channel).await;
        count
    }

    /// Takes the way to a queue away, and leaves the queue.
    pub async fn unbind(&self, queue: &str, lane: Lane) {
        let (channel, exchange) = (self.channel().await, self.names().exchange);
        let (exchange, key) = (exchange.into(), lane.as_str().into());
        channel.queue_unbind(queue.into(), exchange, key, FieldTable::default()).await.unwrap();
        close(&channel).await;
    }

    pub async fn bind(&self, queue: &str, lane: Lane) {
        let (channel, exchange) = (self.channel().await, self.names().exchange);
        let (exchange, key) = (exchange.into(), lane.as_str().into());
        let options = QueueBindOptions::default();
        channel
            .queue_bind(queue.into(), exchange, key, options, FieldTable::default())
            .await
            .unwrap();
        close(&channel).await;
    }

    pub async fn delete(&self, queue: &str) {
        let channel = self.channel().await;
        channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await.unwrap();
        close(&channel).await;
    }

    /// Takes every ready message out of a queue. (Put back, they would be marked as redelivered.)
    pub async fn take(&self, queue: &str) -> Vec<Message> {
        let channel = self.channel().await;
        let mut messages = Vec::new();
        let options = BasicGetOptions { no_ack: true };
        while let Some(got) = channel.basic_get(queue.into(), options).await.unwrap() {
            messages.push(Message {
                queue: queue.to_owned(),
                properties: got.delivery.properties.clone(),
                body: got.delivery.data.clone(),
            });
        }
        close(&channel).await;
        messages
    }

    /// Puts a copy of a message into its queue, and returns once the broker has it.
    pub async fn publish(&self, message: &Message) {
        let channel = self.channel().await;
        channel.confirm_select(ConfirmSelectOptions::default()).await.unwrap();
        let sent = channel
            .basic_publish(
                "".into(),
                message.queue.as_str().into(),
                BasicPublishOptions { mandatory: true, ..Default::default() },
                &message.body,
                message.properties.clone(),
            )
            .await
            .unwrap();
        let confirmation = sent.await.unwrap();
        assert!(
            confirmation.is_ack() && confirmation.take_message().is_none(),
            "the copy was not taken"
        );
        close(&channel).await;
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let (url, names) = (self.url.clone(), self.names());
        super::world::block_on_elsewhere(async move {
            let connection = connect(&url).await;
            let channel = connection.create_channel().await.unwrap();
            for queue in [names.bulk, names.express, names.dead] {
                let _ = channel.queue_delete(queue.into(), QueueDeleteOptions::default()).await;
            }
            let _ = channel
                .exchange_delete(names.exchange.into(), ExchangeDeleteOptions::default())
                .await;
            let _ = connection.close(200, "done".into()).await;
        });
    }
}

async fn connect(url: &str) -> Connection {
    Connection::connect(url, ConnectionProperties::default())
        .await
        .unwrap_or_else(|error| panic!("RabbitMQ cannot be reached ({error}); run `make test`"))
}

async fn close(channel: &Channel) {
    let _ = channel.close(200, "done".into()).await;
}
