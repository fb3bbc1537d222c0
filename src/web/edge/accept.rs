//! The accept loop: so many connections at most, and none cut off when the process stops.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::shutdown::Shutdown;
use crate::web::body::Timed;

/// Arbitrary, bounded: long enough for a descriptor to come free, short enough to go unnoticed.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// A header must be complete in so much time.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

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
    while let Some((permit, stream)) = drain.run_until_cancelled(next(&listener, &permits)).await {
        let connection = connection(stream, router.clone(), limits, drain.clone());
        shutdown.spawn(async move {
            connection.await;
            drop(permit);
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
    let permit = permits
        .clone()
        .acquire_owned()
        .await
        .expect("it is never closed");
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
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

async fn connection(stream: TcpStream, router: Router, limits: Limits, drain: CancellationToken) {
    // Without it the small frames of an event stream wait for each other's acknowledgement.
    let _ = stream.set_nodelay(true);
    let stopping = drain.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        answer(
            request,
            router.clone(),
            stopping.clone(),
            limits.uploads_grace,
        )
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        () = drain.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    // A connection that breaks is the peer's affair: the request has been logged by its layer.
    let _ = connection.await;
}

async fn answer(
    request: Request<Incoming>,
    router: Router,
    drain: CancellationToken,
    uploads_grace: Duration,
) -> Result<Response, Infallible> {
    let uploads_end = async move {
        drain.cancelled().await;
        tokio::time::sleep(uploads_grace).await;
    };
    router
        .oneshot(request.map(|body| Body::new(Timed::new(body, uploads_end))))
        .await
}
