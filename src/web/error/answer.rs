//! How an error becomes an answer, and what the errors of Postgres become.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::Error;
use crate::import::outcome::Fault;
use crate::pg;

/// For requests that only read, or that change nothing before their one commit. Whoever may have
/// lost the answer of a commit makes its own [`Error::unavailable`].
impl From<pg::Error> for Error {
    fn from(error: pg::Error) -> Self {
        let class = error.class();
        if matches!(class, pg::Class::Transient | pg::Class::TimedOut) {
            tracing::warn!(%error, "Postgres did not serve a request");
            return Self::unavailable(
                "the database cannot be reached at the moment; nothing was changed, and a retry is safe",
                5,
            );
        }
        tracing::error!(%error, ?class, "Postgres and this release disagree");
        Self::unexpected()
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        pg::Error::from(error).into()
    }
}

impl From<deadpool_postgres::PoolError> for Error {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        pg::Error::from(error).into()
    }
}

/// A struct and no map, so that members stand in the order of the contract.
#[derive(Serialize)]
struct Answer<'a> {
    error: &'a Fault,
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut response = (status, Json(Answer { error: &self.fault })).into_response();
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_say_how_to_authenticate_and_when_to_come_back() {
        let response = Error::unauthorized().into_response();
        assert_eq!(response.headers()[header::WWW_AUTHENTICATE], "Bearer");
        let response = Error::unavailable("m", 5).into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "5");
    }
}
