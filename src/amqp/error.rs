//! What went wrong on the way to the broker.

use std::future::Future;
use std::time::Duration;

/// How long any one answer of the broker may take. A healthy one takes milliseconds; a leader
/// that was frozen was replaced within 9.3 s.
const ANSWER: Duration = Duration::from_secs(15);

/// Names the step that failed. Its text holds neither the URL nor anything of a message.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("RabbitMQ did not answer in time ({step})")]
    TimedOut { step: &'static str },
    #[error("RabbitMQ cannot be reached ({step})")]
    Lost {
        step: &'static str,
        #[source]
        source: lapin::Error,
    },
    #[error("the connection to RabbitMQ ended ({step})")]
    Ended { step: &'static str },
    #[error("AMQP_URL cannot be read; it looks like amqp://user:password@host:5672/vhost")]
    Url,
}

/// Waits for `answer`, but not for ever.
pub(super) async fn within<T>(
    step: &'static str,
    answer: impl Future<Output = lapin::Result<T>>,
) -> Result<T, Error> {
    match tokio::time::timeout(ANSWER, answer).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(source)) => Err(Error::Lost { step, source }),
        Err(_) => Err(Error::TimedOut { step }),
    }
}
