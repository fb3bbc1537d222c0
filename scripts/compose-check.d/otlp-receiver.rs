//! A stand-alone receiver of traces: OTLP over gRPC at the address given, a line a span on stdout.
//!
//! A line is the trace's id, the service's name and the span's, by tabs. The address may be one
//! that a network still to be made will have.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

struct Printer;

#[tonic::async_trait]
impl TraceService for Printer {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        for resource in request.into_inner().resource_spans {
            let attributes = resource.resource.iter().flat_map(|it| &it.attributes);
            let named: HashMap<_, _> =
                attributes.map(|it| (it.key.as_str(), it.value.as_ref())).collect();
            let service = match named.get("service.name").copied().flatten() {
                Some(any) => match &any.value {
                    Some(Value::StringValue(name)) => name.clone(),
                    _ => String::new(),
                },
                None => String::new(),
            };
            for span in resource.scope_spans.iter().flat_map(|scope| &scope.spans) {
                for byte in &span.trace_id {
                    print!("{byte:02x}");
                }
                println!("\t{service}\t{}", span.name);
            }
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let address = std::env::args().nth(1).and_then(|text| text.parse::<SocketAddr>().ok());
    let address = address.expect("usage: otlp-receiver ADDRESS:PORT");
    let listener = loop {
        match TcpListener::bind(address).await {
            Ok(listener) => break listener,
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    };
    let server = Server::builder().add_service(TraceServiceServer::new(Printer));
    server.serve_with_incoming(TcpIncoming::from(listener)).await.expect("the receiver ends");
}
