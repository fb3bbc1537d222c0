//! `healthz`, `readyz` and `metrics`, outside the API and without a token.
//!
//! `healthz` asks nothing of anybody: a process that lives is not restarted because a neighbour
//! is away. `readyz` asks whether this process can do its own job.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde::Serialize;
use tokio::sync::Mutex;

use crate::config::Broker;
use crate::pg::{self, Pool, SchemaError};
use crate::web::route::{Content, Route, Routes};
use crate::{amqp, metrics};

/// A neighbour that takes longer is as good as away.
const PATIENCE: Duration = Duration::from_secs(3);
/// How old an answer may be: whoever asks in a storm shares one look.
const FRESH: Duration = Duration::from_secs(1);

const HEALTHZ: Route = Route {
    needs_token: false,
    gives: &[Content { media: "text/plain", schema: r#"{"type": "string"}"#, example: "ok\n" }],
    ..Route::get("/healthz", "isAlive", "200 while the process lives; asks nothing of anybody.")
};

const READYZ: Route = Route {
    needs_token: false,
    gives: &[Content {
        media: "application/json",
        schema: r##"{"$ref": "#/components/schemas/Readiness"}"##,
        example: r#"{"ready": true, "checks": {"postgres": "ok", "rabbitmq": "unreachable"}}"#,
    }],
    ..Route::get(
        "/readyz",
        "isReady",
        "Whether this process can do its own job; 503 with the same body where it cannot. An API \
         stays ready while only the broker is away.",
    )
};

const METRICS: Route = Route {
    needs_token: false,
    gives: &[Content {
        media: "text/plain",
        schema: r#"{"type": "string"}"#,
        example: "user_import_tasks_accepted_total 1\n",
    }],
    ..Route::get("/metrics", "metrics", "Prometheus text.")
};

/// What a process cannot do its job without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// The API: intake works while only the broker is away.
    Postgres,
    /// A worker.
    Both,
}

#[derive(Debug, Clone, Serialize)]
struct Report {
    ready: bool,
    checks: Checks,
}

#[derive(Debug, Clone, Serialize)]
struct Checks {
    postgres: &'static str,
    rabbitmq: &'static str,
}

/// Cheap to clone; all clones share the last look.
#[derive(Clone)]
pub struct Health {
    pool: Pool,
    broker: Broker,
    needs: Needs,
    last: Arc<Mutex<Option<(Instant, Report)>>>,
}

impl Health {
    pub fn new(pool: Pool, broker: Broker, needs: Needs) -> Self {
        Self { pool, broker, needs, last: Arc::default() }
    }

    pub fn routes() -> Routes<Self> {
        Routes::new().on(&HEALTHZ, async || "ok\n").on(&READYZ, ready).on(&METRICS, metrics_text)
    }

    pub fn router(self) -> Router {
        Self::routes().with_state(self)
    }

    async fn look(&self) -> Report {
        let mut last = self.last.lock().await;
        if let Some((at, report)) = &*last
            && at.elapsed() < FRESH
        {
            return report.clone();
        }
        let (postgres, rabbitmq) = tokio::join!(self.postgres(), self.rabbitmq());
        let ready = postgres == "ok" && (self.needs == Needs::Postgres || rabbitmq == "ok");
        let report = Report { ready, checks: Checks { postgres, rabbitmq } };
        *last = Some((Instant::now(), report.clone()));
        report
    }

    async fn postgres(&self) -> &'static str {
        match tokio::time::timeout(PATIENCE, pg::check_schema(&self.pool)).await {
            Ok(Ok(())) => "ok",
            Ok(Err(SchemaError::TooOld { .. } | SchemaError::TooNew { .. })) => "wrong schema",
            Ok(Err(_)) | Err(_) => "unreachable",
        }
    }

    async fn rabbitmq(&self) -> &'static str {
        match tokio::time::timeout(PATIENCE, amqp::ping(&self.broker)).await {
            Ok(Ok(())) => "ok",
            Ok(Err(_)) | Err(_) => "unreachable",
        }
    }
}

async fn ready(State(health): State<Health>) -> Response {
    let report = health.look().await;
    let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(report)).into_response()
}

async fn metrics_text(State(health): State<Health>) -> Response {
    let pool = health.pool.status();
    metrics::pool_connections("idle", pool.available as u64);
    metrics::pool_connections("used", (pool.size - pool.available.min(pool.size)) as u64);
    metrics::pool_waiting(pool.waiting as u64);
    let text = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, text)], metrics::render()).into_response()
}
