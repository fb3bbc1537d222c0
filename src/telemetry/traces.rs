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
        return Ok(SdkTracerProvider::builder().with_sampler(Sampler::AlwaysOff).build());
    };
    let exporter = SpanExporter::builder().with_tonic().with_endpoint(endpoint).build()?;
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use opentelemetry::trace::{Span, Tracer, TracerProvider};
    use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
        TraceService, TraceServiceServer,
    };
    use opentelemetry_proto::tonic::collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
    };
    use tokio::sync::mpsc;
    use tonic::transport::server::TcpIncoming;
    use tonic::{Request, Response, Status};

    use super::*;

    struct Collector(mpsc::UnboundedSender<ExportTraceServiceRequest>);

    #[tonic::async_trait]
    impl TraceService for Collector {
        async fn export(
            &self,
            request: Request<ExportTraceServiceRequest>,
        ) -> Result<Response<ExportTraceServiceResponse>, Status> {
            self.0.send(request.into_inner()).unwrap();
            Ok(Response::new(ExportTraceServiceResponse::default()))
        }
    }

    fn log(endpoint: String) -> Log {
        Log {
            log_format: None,
            filter: "info".to_owned(),
            otel_exporter_otlp_endpoint: Some(endpoint),
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn spans_reach_a_collector_under_the_name_of_the_service() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (sender, mut received) = mpsc::unbounded_channel();
        let server = tonic::transport::Server::builder()
            .add_service(TraceServiceServer::new(Collector(sender)))
            .serve_with_incoming(TcpIncoming::from(listener));
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(server);
        let provider = provider(&log(endpoint), "user-import-test").unwrap();
        provider.tracer("test").start("chunk.apply").end();
        provider.shutdown_with_timeout(Duration::from_secs(20)).unwrap();
        let sent = received.recv().await.unwrap().resource_spans.remove(0);
        assert_eq!(sent.scope_spans[0].spans[0].name, "chunk.apply");
        let resource = format!("{:?}", sent.resource.unwrap());
        assert!(resource.contains("user-import-test"), "{resource}");
        assert!(resource.contains(env!("CARGO_PKG_VERSION")), "{resource}");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_collector_that_never_answers_holds_nobody_up() {
        // Accepts by its backlog, and says nothing.
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", silent.local_addr().unwrap());
        let provider = provider(&log(endpoint), "user-import-test").unwrap();
        let tracer = provider.tracer("test");
        // Many times what the queue holds: were it not bounded or did it wait, this would not end.
        for _ in 0..20_000 {
            tracer.start("chunk.apply").end();
        }
        assert!(provider.shutdown_with_timeout(Duration::from_millis(50)).is_err());
    }
}
