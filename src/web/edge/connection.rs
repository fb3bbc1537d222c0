//! One connection: hyper behind the gate, and an end that loses no answer.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use bytes::Bytes;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::gate::Gate;
use super::turn::{Turn, Turns};
use crate::web::body::Timed;
use crate::web::layers::Refused;

/// Serves requests until the peer or the gate ends it; after the drain began, the one under way.
pub(super) async fn run(
    stream: TcpStream,
    router: Router,
    uploads_grace: Duration,
    drain: CancellationToken,
) {
    // Without it the small frames of an event stream wait for each other's acknowledgement.
    let _ = stream.set_nodelay(true);
    let turns = Turns::new();
    let gate = Gate::new(stream, turns.clone());
    let stopping = drain.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let uploads_end = uploads_end(stopping.clone(), uploads_grace);
        Box::pin(answer(request, turns.begin(), router.clone(), uploads_end))
    });
    // The gate has the timers; and a caller that has said all it wants to may still listen.
    let mut connection = http1::Builder::new()
        .header_read_timeout(None)
        .half_close(true)
        .serve_connection(TokioIo::new(gate), service);
    let mut draining = pin!(drain.cancelled());
    let mut is_draining = false;
    // A connection that breaks is the peer's affair: its requests have been logged by their layer.
    let _ = poll_fn(|cx| {
        if !is_draining && draining.as_mut().poll(cx).is_ready() {
            is_draining = true;
            Pin::new(&mut connection).graceful_shutdown();
        }
        connection.poll_without_shutdown(cx)
    })
    .await;
    connection.into_parts().io.into_inner().close().await;
}

async fn uploads_end(drain: CancellationToken, grace: Duration) {
    drain.cancelled().await;
    tokio::time::sleep(grace).await;
}

async fn answer(
    request: Request<Incoming>,
    mut turn: Turn,
    router: Router,
    uploads_end: impl Future<Output = ()> + Send + 'static,
) -> Result<Response<Answer>, Infallible> {
    let is_read = Arc::new(AtomicBool::new(request.is_end_stream()));
    let seen = is_read.clone();
    let mut request =
        request.map(|body| Body::new(Timed::new(Watched { body, is_read: seen }, uploads_end)));
    if let Some(error) = turn.refused.take() {
        request.extensions_mut().insert(Refused(error));
    }
    let mut response = router.oneshot(request).await?;
    if !is_read.load(Ordering::Relaxed) {
        // Who answers before the end of a body closes the connection. Unless it says so, the
        // caller may send its next request into a connection that ends.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response.map(|body| Answer { body, _turn: turn }))
}

/// A request's body that notes when all of it was read.
struct Watched {
    body: Incoming,
    is_read: Arc<AtomicBool>,
}

impl HttpBody for Watched {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if matches!(polled, Poll::Ready(None)) || self.body.is_end_stream() {
            self.is_read.store(true, Ordering::Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer's body. When it is dropped, it has been sent or given up.
struct Answer {
    body: Body,
    _turn: Turn,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
