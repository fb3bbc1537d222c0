//! `POST /users/import`.

use axum::Json;
use axum::extract::State as Extract;
use axum::http::HeaderMap;
use tracing::Instrument;

use super::State;
use super::answer::Answer;
use super::body::Body;
use super::receive::{Received, Receiving};
use super::request::Head;
use crate::metrics;
use crate::web::query::Query;
use crate::web::{self, Caller};

pub async fn import(
    Extract(state): Extract<State>,
    caller: Caller,
    query: Query,
    headers: HeaderMap,
    sent: axum::body::Body,
) -> Result<Json<Answer>, web::Error> {
    web::accepts(&headers, "application/json")?;
    let mut result = Outcome("broken");
    let receive = async {
        let head = Head::read(&headers, query)?;
        let limit = state.intake.limit(head.format);
        let mut body = Body::new(sent, head.encoding, limit, head.idempotency_key.is_some())?;
        Receiving { intake: &state.intake, project: caller.project, head }.receive(&mut body).await
    };
    let received = receive.instrument(tracing::info_span!("intake.receive")).await;
    result.0 = outcome(&received);
    match received? {
        Received::Accepted(answer) | Received::Replayed(answer) => Ok(Json(answer)),
    }
}

/// Counted on drop, so that a caller that went away is counted too.
struct Outcome(&'static str);

impl Drop for Outcome {
    fn drop(&mut self) {
        metrics::intake_requests(self.0, 1);
        metrics::tasks_accepted(u64::from(self.0 == "accepted"));
    }
}

fn outcome(received: &Result<Received, web::Error>) -> &'static str {
    match received {
        Ok(Received::Accepted(_)) => "accepted",
        Ok(Received::Replayed(_)) => "replayed",
        Err(error) if matches!(error.fault().reason, "InvalidBody" | "RequestTimeout") => "broken",
        Err(error) if error.status().is_client_error() => "refused",
        Err(_) => "broken",
    }
}
