//! The id in a path.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

/// An opaque id. One that is no text, or no text that Postgres holds, becomes the empty one, which
/// nothing has, so that its answer is the same as that to any other unknown id.
#[derive(Debug, Clone)]
pub struct Id(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let id = path.map_or_else(|_| String::new(), |Path(id)| id);
        Ok(Self(if id.contains('\0') { String::new() } else { id }))
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::extract::Request;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    async fn read(path: &str) -> Vec<u8> {
        let router = Router::new().route("/{id}", get(async |Id(id): Id| id));
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        to_bytes(response.into_body(), 1000).await.unwrap().to_vec()
    }

    #[tokio::test]
    async fn an_id_that_postgres_cannot_hold_is_the_empty_one() {
        assert_eq!(read("/task_1%C3%9F").await, "task_1ß".as_bytes());
        for broken in ["/%00", "/task_%00", "/%FF"] {
            assert_eq!(read(broken).await, b"", "{broken}");
        }
    }
}
