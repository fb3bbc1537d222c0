//! Trace context as W3C `traceparent` texts: in HTTP heads, in task rows, in AMQP headers.
//!
//! A text that is none is passed over: a caller's broken header breaks no request.

use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Makes `span` a child of the remote span, if there is one. Call it before the span is entered
/// and before its id is asked for: then it has begun, and keeps its parent.
pub fn accept_parent(span: &Span, traceparent: Option<&str>) {
    if let Some(remote) = traceparent.and_then(parse) {
        let parent = opentelemetry::Context::new().with_remote_span_context(remote);
        // Refused where the span is switched off, and then there is nothing to continue.
        let _ = span.set_parent(parent);
    }
}

/// Adds a link to the remote span, if there is one: related, and not the cause.
pub fn link(span: &Span, traceparent: Option<&str>) {
    if let Some(remote) = traceparent.and_then(parse) {
        span.add_link(remote);
    }
}

/// The span's place as a `traceparent`, for whoever continues the trace. There is one also where
/// traces are off.
pub fn traceparent(span: &Span) -> Option<String> {
    let context = own(span)?;
    Some(format!(
        "00-{}-{}-{:02x}",
        context.trace_id(),
        context.span_id(),
        context.trace_flags().to_u8()
    ))
}

/// The id that joins an error answer, the log and the trace: 32 hexadecimal digits.
pub fn trace_id(span: &Span) -> Option<String> {
    own(span).map(|context| context.trace_id().to_string())
}

fn own(span: &Span) -> Option<SpanContext> {
    let context = span.context();
    let own = context.span().span_context().clone();
    own.is_valid().then_some(own)
}

/// Reads a `traceparent` as <https://www.w3.org/TR/trace-context/> has it; a later version may
/// have more at its end.
fn parse(text: &str) -> Option<SpanContext> {
    let mut parts = text.split('-');
    let version = hex(parts.next()?, 2)?;
    let trace = hex(parts.next()?, 32)?;
    let span = hex(parts.next()?, 16)?;
    let flags = hex(parts.next()?, 2)?;
    if version == 0xff || (version == 0 && parts.next().is_some()) {
        return None;
    }
    let context = SpanContext::new(
        TraceId::from(trace),
        SpanId::from(span as u64),
        // Of the flags only `sampled` is known.
        TraceFlags::new(flags as u8) & TraceFlags::SAMPLED,
        true,
        TraceState::NONE,
    );
    context.is_valid().then_some(context)
}

fn hex(digits: &str, length: usize) -> Option<u128> {
    let lower = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if digits.len() != length || !digits.bytes().all(lower) {
        return None;
    }
    u128::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::TracerProvider as _;
    use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    const REMOTE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_traceparent_is_read_as_the_standard_says() {
        let remote = parse(REMOTE).unwrap();
        assert_eq!(remote.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(remote.span_id().to_string(), "00f067aa0ba902b7");
        assert!(remote.is_sampled() && remote.is_remote());
        let later = "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00-what-comes";
        assert!(!parse(later).unwrap().is_sampled());
    }

    #[test]
    fn what_is_no_traceparent_is_passed_over() {
        for wrong in [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473é-00f067aa0ba902b7-01",
        ] {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
    }

    /// Runs `test` where spans get ids and are not sampled, as where traces are off.
    fn with_ids(test: impl FnOnce()) {
        let provider = SdkTracerProvider::builder().with_sampler(Sampler::AlwaysOff).build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), test);
    }

    #[test]
    fn a_span_has_an_id_also_where_traces_are_off() {
        with_ids(|| {
            let span = tracing::info_span!("chunk.apply");
            let id = trace_id(&span).unwrap();
            let text = traceparent(&span).unwrap();
            assert_eq!(text.len(), 55);
            assert!(text.contains(&id) && text.ends_with("-00"), "{text}");
        });
    }

    #[test]
    fn a_remote_parent_is_continued_under_an_own_span_id() {
        with_ids(|| {
            let span = tracing::info_span!("http.request");
            accept_parent(&span, Some(REMOTE));
            let text = traceparent(&span).unwrap();
            assert!(text.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"), "{text}");
            assert!(!text.contains("00f067aa0ba902b7"), "{text}");
        });
    }

    #[test]
    fn without_a_subscriber_there_is_no_id_and_no_harm() {
        let span = Span::none();
        accept_parent(&span, Some(REMOTE));
        link(&span, Some(REMOTE));
        assert_eq!(traceparent(&span), None);
        assert_eq!(trace_id(&span), None);
    }
}
