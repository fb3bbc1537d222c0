//! Opening a connection, bounded in time, with a heartbeat that notices a dead peer.

use lapin::uri::AMQPUri;
use lapin::{Connection, ConnectionProperties};

use super::Error;
use super::error::within;
use crate::config::Broker;

/// A peer that vanished is noticed after two of these.
const HEARTBEAT_SECONDS: u16 = 20;

/// Opens a connection that the broker lists under `name`.
pub(super) async fn open(config: &Broker, name: &str) -> Result<Connection, Error> {
    let url = config.url().map_err(|_| Error::Url)?;
    let mut uri: AMQPUri = url.parse().map_err(|_| Error::Url)?;
    uri.query.heartbeat.get_or_insert(HEARTBEAT_SECONDS);
    let properties = ConnectionProperties::default()
        .with_connection_name(format!("{} {name}", config.amqp_prefix).into());
    within("connect", Connection::connect_uri(uri, properties)).await
}

/// Asks the broker for a connection and gives it back, to learn whether it answers.
pub async fn ping(config: &Broker) -> Result<(), Error> {
    let connection = open(config, "health").await?;
    within("close", connection.close(200, "checked".into())).await
}
