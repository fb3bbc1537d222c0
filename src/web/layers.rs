//! What lies around every handler: headers, the span, panics, and paths that nobody serves.

use std::panic::AssertUnwindSafe;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;

use super::{Error, NotFound, access};

/// Puts every layer around a finished router.
pub fn layers(router: Router) -> Router {
    router
        .fallback(async || Error::not_found(NotFound::Path))
        .method_not_allowed_fallback(async || Error::method_not_allowed())
        .layer(from_fn(refused))
        .layer(from_fn(panics))
        .layer(from_fn(access::log))
        .layer(from_fn(headers))
}

/// The edge refused the head of this request, and why.
#[derive(Clone)]
pub(super) struct Refused(pub Error);

async fn refused(request: Request, next: Next) -> Response {
    match request.extensions().get::<Refused>() {
        Some(Refused(error)) => error.clone().into_response(),
        None => next.run(request).await,
    }
}

/// A handler that panics is a mistake of ours like any other: the caller gets its answer, and the
/// process lives on. The panic hook has logged where.
async fn panics(request: Request, next: Next) -> Response {
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(_) => Error::unexpected().into_response(),
    }
}

/// For whoever sets none of its own; the dashboard has its own policy.
const HEADERS: [(HeaderName, &str); 6] = [
    // Answers hold users: no cache keeps them.
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::StatusCode;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    async fn answer(method: &str, path: &str) -> (Response<()>, serde_json::Value) {
        let router = Router::new()
            .route("/own", get(async || ([(header::CACHE_CONTROL, "max-age=60")], "{}")))
            .route("/panics", get(async || if true { panic!("on purpose") } else { "" }));
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let (parts, body) = layers(router).oneshot(request).await.unwrap().into_parts();
        let body = to_bytes(body, 10_000).await.unwrap();
        (Response::from_parts(parts, ()), serde_json::from_slice(&body).unwrap())
    }

    #[tokio::test]
    async fn a_path_that_nobody_serves_is_answered_in_shape() {
        let (response, body) = answer("GET", "/nothing").await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(body["error"]["reason"], "NotFound");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        assert_eq!(response.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    }

    #[tokio::test]
    async fn a_wrong_method_is_told_the_right_ones() {
        let (response, body) = answer("POST", "/own").await;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(body["error"]["reason"], "MethodNotAllowed");
        assert_eq!(response.headers()[header::ALLOW], "GET,HEAD");
    }

    #[tokio::test]
    async fn a_handler_keeps_headers_of_its_own() {
        let (response, _) = answer("GET", "/own").await;
        assert_eq!(response.headers()[header::CACHE_CONTROL], "max-age=60");
    }

    #[tokio::test]
    async fn a_panic_is_answered() {
        let (response, body) = answer("GET", "/panics").await;
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(body["error"]["reason"], "UnexpectedError");
    }
}
