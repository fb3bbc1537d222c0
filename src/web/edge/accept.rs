//! The accept loop: so many connections at most, and none cut off when the process stops.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connection;
use crate::metrics;
use crate::shutdown::Shutdown;

/// Arbitrary, bounded: long enough for a descriptor to come free, short enough to go unnoticed.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections at most; the next waits in the backlog.
    pub connections: u32,
    /// After the drain began, uploads have so long; then they are answered 503. Shorter than the
    /// grace, so that the answer still gets out.
    pub uploads_grace: Duration,
}

/// Serves until the process drains, then until every request under way is answered.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, shutdown: &Shutdown) {
    let permits = Arc::new(Semaphore::new(limits.connections as usize));
    let drain = shutdown.drain_token();
    let open = move |permits: &Semaphore| {
        u64::from(limits.connections) - permits.available_permits() as u64
    };
    while let Some((permit, stream)) = drain.run_until_cancelled(next(&listener, &permits)).await {
        metrics::http_connections(open(&permits));
        let connection =
            connection::run(stream, router.clone(), limits.uploads_grace, drain.clone());
        let permits = permits.clone();
        shutdown.spawn(async move {
            connection.await;
            drop(permit);
            metrics::http_connections(open(&permits));
        });
    }
    drop(listener);
    // Every permit is back when every connection has ended.
    let _ = permits.acquire_many(limits.connections).await;
}

async fn next(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> (OwnedSemaphorePermit, TcpStream) {
    // First the permit: who cannot be served stays in the backlog.
    let permit = permits.clone().acquire_owned().await.expect("it is never closed");
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (permit, stream),
            Err(error) if is_of_the_peer(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted");
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

/// The connection ended before it was accepted; the next one is none the worse.
fn is_of_the_peer(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
