//! Logs, traces, and trace context in and out of the process.
//!
//! Logs go to stderr, as text on a terminal and as JSON elsewhere, by a thread of its own: a log
//! that nobody reads costs lines and never time. Spans always get ids, so that
//! an error answer and a log line can be joined; they leave the process only where an OTLP
//! endpoint is set, by a thread of its own behind a bounded queue, so that a collector that is
//! slow or dead costs spans and never time. `RUST_LOG` decides what is logged, not what is
//! traced.

mod context;
mod lines;
mod panics;
mod traces;
#[cfg(test)]
mod written;

pub use context::{accept_parent, link, trace_id, traceparent};

use std::io::IsTerminal;
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Level;
use tracing_subscriber::filter::{EnvFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt};

use self::lines::Lines;
use crate::config::Log;

/// What a stopping process waits for its last spans; a living collector takes milliseconds.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    #[error("RUST_LOG cannot be read; it looks like info,user_import=debug")]
    Filter,
    #[error("OTEL_EXPORTER_OTLP_ENDPOINT cannot be used; it looks like http://127.0.0.1:4317")]
    Endpoint(#[from] opentelemetry_otlp::ExporterBuildError),
    #[error("logging was set up twice in one process")]
    Twice,
}

/// Sends what is left of the spans when it is dropped, so also when its owner returns an error or
/// panics.
#[must_use = "spans are sent until this is dropped"]
pub struct Telemetry {
    provider: SdkTracerProvider,
    lines: Lines,
}

impl Telemetry {
    /// Sends the spans and writes the lines that wait; gives either two seconds at most.
    pub fn flush(&self) {
        // What could not be sent is lost either way; the SDK has logged why.
        let _ = self.provider.shutdown_with_timeout(FLUSH_TIMEOUT);
        self.lines.flush_within(FLUSH_TIMEOUT);
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        self.flush();
    }
}

/// Installs logs, traces and the panic hook for the whole process. Call it inside the runtime
/// that shall carry the spans, once.
pub fn init(log: &Log, service_name: &'static str) -> Result<Telemetry, TelemetryError> {
    let provider = traces::provider(log, service_name)?;
    let ids_and_spans = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("user-import"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        // An error's text may hold data; it belongs into no trace.
        .with_error_fields_to_exceptions(false)
        .with_error_records_to_exceptions(false)
        // Spans only, and ours only: a library's span or an event may hold data.
        .with_filter(filter_fn(|it| {
            it.is_span() && it.target().starts_with("user_import") && *it.level() <= Level::INFO
        }));
    let lines = Lines::to(std::io::stderr());
    let filter = EnvFilter::try_new(&log.filter).map_err(|_| TelemetryError::Filter)?;
    tracing_subscriber::registry()
        .with(
            lines_layer(log.log_format.as_deref(), lines.clone())
                .with_filter(filter)
                .with_filter(filter_fn(is_safe)),
        )
        .with(ids_and_spans)
        .try_init()
        .map_err(|_| TelemetryError::Twice)?;
    panics::report_by_log();
    Ok(Telemetry { provider, lines })
}

/// Below INFO only our own lines are logged, whatever the filter asks for: at DEBUG the database
/// driver prints every parameter, and at TRACE the HTTP library every header.
///
/// lapin warns of a returned message and prints it whole, sealed body and all; the relay counts
/// it instead.
fn is_safe(it: &tracing::Metadata<'_>) -> bool {
    it.target().starts_with("user_import")
        || (*it.level() <= Level::INFO && it.target() != "lapin::returned_messages")
}

fn lines_layer(format: Option<&str>, lines: Lines) -> Box<dyn Layer<Registry> + Send + Sync> {
    let terminal = std::io::stderr().is_terminal();
    let json = format.map_or(!terminal, |format| format == "json");
    let lines = fmt::layer().with_writer(move || lines.clone());
    if json {
        lines.json().flatten_event(true).with_current_span(false).boxed()
    } else if terminal {
        // Coloured unless NO_COLOR says otherwise.
        lines.boxed()
    } else {
        lines.with_ansi(false).boxed()
    }
}
