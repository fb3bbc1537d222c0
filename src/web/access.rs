//! One span and one log line a request, when its answer has been sent or given up.
//!
//! Of a request nothing gets into a trace or a log but its method, the route's template, the
//! status, sizes, ids and durations: paths and queries hold login ids.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::time::Instant;
use tracing::{Instrument, Span, field};

use crate::{metrics, telemetry};

pub(super) async fn log(request: Request, next: Next) -> Response {
    let method = method(request.method());
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str);
    let span = tracing::info_span!(
        "http.request",
        otel.kind = "server",
        // As OpenTelemetry's conventions name the spans of a server.
        otel.name = format_args!("{method} {route}"),
        http.request.method = method,
        http.route = route,
        http.response.status_code = field::Empty,
        http.request.body.size = field::Empty,
        http.response.body.size = field::Empty,
        import.project = field::Empty,
    );
    telemetry::accept_parent(&span, traceparent(request.headers()));
    let mut record = Record {
        method,
        route: route.to_owned(),
        began: Instant::now(),
        answered: None,
        status: 0,
        request_bytes: Arc::default(),
        response_bytes: Arc::default(),
        span: span.clone(),
    };
    let received = record.request_bytes.clone();
    let request = request.map(|body| Body::new(Counted { body, bytes: received, _record: None }));
    // A caller that hangs up drops this future and the record with it; it is logged with status 0.
    let response = next.run(request).instrument(span).await;
    record.status = response.status().as_u16();
    record.answered = Some(record.began.elapsed());
    let sent = record.response_bytes.clone();
    response.map(|body| Body::new(Counted { body, bytes: sent, _record: Some(record) }))
}

/// A method that is none of the known ones could say anything.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// 0 stands for a caller that hung up before its answer, which other servers call 499.
fn class(status: u16) -> &'static str {
    match status {
        200..=299 => "2xx",
        300..=399 => "3xx",
        500..=599 => "5xx",
        _ => "4xx",
    }
}

/// The one `traceparent`; of two, none is to be trusted.
fn traceparent(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all("traceparent").iter();
    match (all.next(), all.next()) {
        (Some(only), None) => only.to_str().ok(),
        _ => None,
    }
}

/// What is known of a request; logged when it is dropped.
struct Record {
    method: &'static str,
    route: String,
    began: Instant,
    /// When the head of the answer was ready.
    answered: Option<Duration>,
    /// 0 for a caller that hung up before.
    status: u16,
    request_bytes: Arc<AtomicU64>,
    response_bytes: Arc<AtomicU64>,
    span: Span,
}

impl Drop for Record {
    fn drop(&mut self) {
        let request_bytes = self.request_bytes.load(Ordering::Relaxed);
        let response_bytes = self.response_bytes.load(Ordering::Relaxed);
        self.span.record("http.response.status_code", self.status);
        self.span.record("http.request.body.size", request_bytes);
        self.span.record("http.response.body.size", response_bytes);
        let millis = |duration: Duration| duration.as_secs_f64() * 1000.0;
        tracing::info!(
            parent: &self.span,
            method = self.method,
            route = self.route,
            status = self.status,
            request_bytes,
            response_bytes,
            answered_ms = self.answered.map(millis),
            ended_ms = millis(self.began.elapsed()),
            trace_id = telemetry::trace_id(&self.span),
            "request"
        );
        metrics::http_responses(class(self.status), 1);
        metrics::http_seconds(self.route.clone(), self.began.elapsed());
    }
}

/// A body that counts its bytes, and may carry the record to the answer's end.
struct Counted {
    body: Body,
    bytes: Arc<AtomicU64>,
    _record: Option<Record>,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            let bytes = frame.data_ref().map_or(0, Bytes::len) as u64;
            self.bytes.fetch_add(bytes, Ordering::Relaxed);
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
