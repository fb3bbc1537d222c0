//! One trace from the HTTP request over the relay to each chunk's transaction.

use crate::harness::{
    Leg, Proxy, Receiver, Role, SeenSpan, World, answer, assert_converged, eventually, full, holds,
};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// Sends its spans to the receiver, the last ones soon, too.
fn traced(role: Role, receiver: &Receiver) -> Role {
    role.env("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.endpoint()).env("OTEL_BSP_SCHEDULE_DELAY", 200)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_leads_from_the_request_to_each_chunk() {
    let world = World::new().await;
    let receiver = Receiver::start().await;
    let traced = |role| traced(role, &receiver);
    let api = traced(world.api()).env("CHUNK_RECORDS", 10).start().await;
    let _worker = traced(world.worker()).start().await;
    let client = world.client(&api).await;
    let body: String = (0..30).map(|n| full(n).to_string() + "\n").collect();
    let request =
        client.ndjson("identifier=email").header("traceparent", format!("00-{TRACE}-{CALLER}-01"));
    let task = answer(request.body(body)).await.task();
    let seen = assert_converged(&world, &client, &task).await;
    assert_eq!(seen["summary"]["inserted"], 30, "{seen}");

    let ours = |name: &str| -> Vec<SeenSpan> {
        receiver.named(name).into_iter().filter(|span| span.trace == TRACE).collect()
    };
    eventually("every span has arrived", 30, async || {
        let counts = (ours("relay.publish").len(), ours("chunk.apply").len());
        holds(counts == (3, 3), format!("{counts:?} of {:?}", names(&receiver)))
    })
    .await;
    let requests: Vec<SeenSpan> = receiver
        .spans()
        .into_iter()
        .filter(|span| span.trace == TRACE && span.parent == CALLER)
        .collect();
    let [request] = &requests[..] else { panic!("one span continues the caller's: {requests:?}") };
    let published = ours("relay.publish");
    for span in &published {
        assert!(is_below(&receiver, span, &request.id), "{} is below the request", span.name);
    }
    for span in ours("chunk.apply") {
        assert!(
            published.iter().any(|publish| publish.id == span.parent),
            "its parent is its publication"
        );
        let linked = span.links.iter().any(|(trace, id)| {
            trace == TRACE
                && receiver
                    .spans()
                    .iter()
                    .any(|s| s.id == *id && is_below(&receiver, s, &request.id))
        });
        assert!(linked, "it is linked to the request: {:?}", span.links);
    }
    assert_nothing_personal(&receiver);
    let logs: String = world.logs().into_iter().map(|(_, text)| text).collect();
    for message in ["request", "task completed"] {
        let line = format!("\"message\":\"{message}\"");
        let joined = logs.lines().any(|it| it.contains(&line) && it.contains(TRACE));
        assert!(joined, "a line `{message}` leads to the trace");
    }
}

/// All that a span may carry; docs/operations.md lists the same.
const ALLOWED: &[&str] = &[
    "db.system.name",
    "http.request.body.size",
    "http.request.method",
    "http.response.body.size",
    "http.response.status_code",
    "http.route",
    "import.first_index",
    "import.project",
    "import.published",
    "import.record_count",
    "import.redelivered",
    "import.task",
    "import.way",
    "messaging.operation.type",
    "messaging.system",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_span_has_an_attribute_that_is_not_on_the_list() {
    let world = World::new().await;
    let receiver = Receiver::start().await;
    let traced = |role| traced(role, &receiver);
    let api = traced(world.api()).env("CHUNK_RECORDS", 10).start().await;
    // A lost commit makes a second attempt, and with it the spans of a fault.
    let worker = traced(world.worker()).failpoints("apply.before_commit=fail@1");
    let _worker = worker.start().await;
    let client = world.client(&api).await;
    let body: String = (0..30).map(|n| full(n).to_string() + "\n").collect();
    let task = client.import_lines(body).await.task();
    assert_converged(&world, &client, &task).await;
    assert_eq!(client.get("/users/import/task_none?details=none").await.status, 404);
    assert_eq!(client.get("/users?email=full.user1@example.com").await.status, 200);
    assert_eq!(client.import_lines("{".to_owned()).await.status, 200);
    eventually("spans of every kind have arrived", 30, async || {
        let names = names(&receiver);
        let wanted = [
            "POST /_api/admin/users/import",
            "intake.receive",
            "relay.publish",
            "chunk.apply",
            "chunk.write",
        ];
        holds(wanted.iter().all(|name| names.iter().any(|seen| seen == name)), format!("{names:?}"))
    })
    .await;
    for span in receiver.spans() {
        for attribute in &span.attributes {
            assert!(ALLOWED.contains(&attribute.as_str()), "{} has {attribute}", span.name);
        }
    }
    assert_nothing_personal(&receiver);
}

fn names(receiver: &Receiver) -> Vec<String> {
    receiver.spans().into_iter().map(|span| span.name).collect()
}

/// Is `id` the span itself or one of its ancestors?
fn is_below(receiver: &Receiver, span: &SeenSpan, id: &str) -> bool {
    let spans = receiver.spans();
    let mut at = Some(span);
    while let Some(span) = at {
        if span.id == id {
            return true;
        }
        at = spans.iter().find(|parent| parent.id == span.parent);
    }
    false
}

/// What `full` puts into its records, and what the caller's token begins with.
fn assert_nothing_personal(receiver: &Receiver) {
    for span in receiver.spans() {
        let text = format!("{} {}", span.name, span.text).to_lowercase();
        for personal in
            ["canary", "example.com", "full user", "full_user", "4366", "legacy", "wien", "eyj"]
        {
            assert!(!text.contains(personal), "{} shows {personal}: {text}", span.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_never_answers_and_a_full_queue_slow_nothing_down() {
    let world = World::new().await;
    let receiver = Receiver::start().await;
    let proxy = Proxy::to(receiver.address.to_string()).await;
    proxy.set(Leg::Silent);
    let traced = |role: Role| {
        role.env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", proxy.address))
            .env("OTEL_BSP_SCHEDULE_DELAY", 100)
            .env("OTEL_BSP_MAX_QUEUE_SIZE", 4)
            .env("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 4)
    };
    let mut api = traced(world.api()).env("CHUNK_RECORDS", 10).start().await;
    let _worker = traced(world.worker()).start().await;
    let client = world.client(&api).await;
    let task = client.import_lines(crate::harness::lines(0..500)).await.task();
    assert_converged(&world, &client, &task).await;
    eventually("spans were tried to be sent", 30, async || {
        holds(proxy.opened() > 0, proxy.opened())
    })
    .await;
    assert!(receiver.spans().is_empty(), "the collector heard nothing");
    api.terminate();
    assert_eq!(api.ended(40).await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_collector_costs_spans_and_nothing_else() {
    let world = World::new().await;
    let endpoint = Receiver::start().await.endpoint();
    let api = world.api().env("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint).start().await;
    let _worker = world.worker().env("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint).start().await;
    let client = world.client(&api).await;
    let task = client.import_lines(crate::harness::lines(0..200)).await.task();
    assert_converged(&world, &client, &task).await;
}
