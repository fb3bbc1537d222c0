//! A collector of traces: a real OTLP server over gRPC, on loopback.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::Span;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use super::secrets::hex;

/// What a test asks of a span; ids in hexadecimal.
#[derive(Debug, Clone)]
pub struct SeenSpan {
    pub name: String,
    pub trace: String,
    pub id: String,
    pub parent: String,
    /// Trace and span of each link.
    pub links: Vec<(String, String)>,
    /// The names of its attributes and of those of its events and links.
    pub attributes: Vec<String>,
    /// Everything that it carries, as text: attributes, events, status.
    pub text: String,
}

/// Collects until it is dropped.
#[derive(Debug)]
pub struct Receiver {
    pub address: SocketAddr,
    spans: Arc<Mutex<Vec<SeenSpan>>>,
    _server: JoinSet<()>,
}

#[derive(Debug)]
struct Collector(Arc<Mutex<Vec<SeenSpan>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let resources = request.into_inner().resource_spans;
        let scopes = resources.into_iter().flat_map(|resource| resource.scope_spans);
        let spans = scopes.flat_map(|scope| scope.spans).map(SeenSpan::from);
        self.0.lock().unwrap().extend(spans);
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl From<Span> for SeenSpan {
    fn from(span: Span) -> Self {
        let links =
            span.links.iter().map(|link| (hex(&link.trace_id), hex(&link.span_id))).collect();
        let text = format!(
            "{:?} {:?} {:?} {}",
            span.attributes, span.events, span.status, span.trace_state
        );
        let of_events = span.events.iter().flat_map(|event| &event.attributes);
        let of_links = span.links.iter().flat_map(|link| &link.attributes);
        let all = span.attributes.iter().chain(of_events).chain(of_links);
        let attributes = all.map(|attribute| attribute.key.clone()).collect();
        Self {
            attributes,
            name: span.name,
            trace: hex(&span.trace_id),
            id: hex(&span.span_id),
            parent: hex(&span.parent_span_id),
            links,
            text,
        }
    }
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let spans = Arc::new(Mutex::new(Vec::new()));
        let service = TraceServiceServer::new(Collector(spans.clone()));
        let mut server = JoinSet::new();
        server.spawn(async move {
            let incoming = TcpIncoming::from(listener);
            Server::builder().add_service(service).serve_with_incoming(incoming).await.unwrap();
        });
        Self { address, spans, _server: server }
    }

    /// What `OTEL_EXPORTER_OTLP_ENDPOINT` is to be.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn spans(&self) -> Vec<SeenSpan> {
        self.spans.lock().unwrap().clone()
    }

    pub fn named(&self, name: &str) -> Vec<SeenSpan> {
        self.spans().into_iter().filter(|span| span.name == name).collect()
    }
}
