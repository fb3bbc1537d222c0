//! Where spans go: to an OTLP collector, or nowhere.
//!
//! The SDK reads the standard variables by itself: the sampler (`OTEL_TRACES_SAMPLER`), the
//! bounds of the queue (`OTEL_BSP_*`, 2,048 spans unless set), headers and timeout of the
//! exporter, further attributes of the resource. Read here are only those that it leaves out.

use opentelemetry::{Key, KeyValue};
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};

use super::TelemetryError;
use crate::config::Log;

pub(super) fn provider(
    log: &Log,
    service_name: &'static str,
) -> Result<SdkTracerProvider, TelemetryError> {
    let Some(endpoint) = endpoint(log) else {
        // Ids without spans: a span that is not sampled costs its two random numbers.
        return Ok(SdkTracerProvider::builder()
            .with_sampler(Sampler::AlwaysOff)
            .build());
    };
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .build()?;
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource(service_name))
        .build())
}

fn endpoint(log: &Log) -> Option<String> {
    let off = standard("OTEL_SDK_DISABLED").is_some_and(|it| it.eq_ignore_ascii_case("true"))
        || standard("OTEL_TRACES_EXPORTER").is_some_and(|it| it == "none");
    if off {
        return None;
    }
    standard("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
        .or_else(|| log.otel_exporter_otlp_endpoint.clone())
        .filter(|endpoint| !endpoint.is_empty())
}

fn resource(service_name: &'static str) -> Resource {
    let named = Resource::builder().build();
    // The SDK's own default is `unknown_service`; what `OTEL_SERVICE_NAME` says stands.
    let unnamed = named
        .get(&Key::from_static_str("service.name"))
        .is_none_or(|name| name.as_str().starts_with("unknown_service"));
    let mut resource = Resource::builder()
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    if unnamed {
        resource = resource.with_service_name(service_name);
    }
    resource.build()
}

#[expect(
    clippy::disallowed_methods,
    reason = "variables of the OpenTelemetry specification, which its SDK reads in the same way"
)]
fn standard(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
