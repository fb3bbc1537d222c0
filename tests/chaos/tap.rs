//! Hands on the wire between relay and workers: whatever is published can be copied, held back,
//! changed and handed over again.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt;
use lapin::options::{
    BasicConsumeOptions, BasicPublishOptions, QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use user_import::amqp::Lane;

use crate::harness::{Broker, Message};

pub struct Tap {
    channel: Channel,
    copies: UnboundedReceiver<Message>,
}

/// The queue that workers take a lane's messages from, of every lane.
fn queues(broker: &Broker) -> BTreeMap<&'static str, String> {
    Lane::ALL.iter().map(|lane| (lane.as_str(), broker.names().queue(*lane).to_owned())).collect()
}

impl Tap {
    /// Gets a copy of whatever is published from now on.
    pub async fn on(broker: &Broker) -> Self {
        let channel = broker.channel().await;
        let (sender, copies) = unbounded_channel();
        for (lane, queue) in queues(broker) {
            let options = QueueDeclareOptions { exclusive: true, ..Default::default() };
            let name = format!("{queue}.tap-{}", uuid::Uuid::now_v7());
            channel
                .queue_declare(name.as_str().into(), options, FieldTable::default())
                .await
                .unwrap();
            let exchange = broker.names().exchange;
            let bound = channel.queue_bind(
                name.as_str().into(),
                exchange.into(),
                lane.into(),
                QueueBindOptions::default(),
                FieldTable::default(),
            );
            bound.await.unwrap();
            let options = BasicConsumeOptions { no_ack: true, ..Default::default() };
            let mut consumer = channel
                .basic_consume(name.as_str().into(), "".into(), options, FieldTable::default())
                .await
                .unwrap();
            let sender = sender.clone();
            // Ends with the queue, and so with the channel.
            tokio::spawn(async move {
                while let Some(Ok(delivery)) = consumer.next().await {
                    let (queue, properties) = (queue.clone(), delivery.properties);
                    let _ = sender.send(Message { queue, properties, body: delivery.data });
                }
            });
        }
        Self { channel, copies }
    }

    /// The next copy, if one comes in this time.
    pub async fn next(&mut self, within: Duration) -> Option<Message> {
        tokio::time::timeout(within, self.copies.recv()).await.ok().flatten()
    }

    /// Hands a message to the workers.
    pub async fn hand_over(&self, message: &Message) {
        self.put(&message.queue, message.properties.clone(), &message.body).await;
    }

    pub async fn put(&self, queue: &str, properties: BasicProperties, body: &[u8]) {
        let options = BasicPublishOptions::default();
        let sent = self.channel.basic_publish("".into(), queue.into(), options, body, properties);
        sent.await.unwrap().await.unwrap();
    }
}
