//! A route and what is to be known of it, said once.
//!
//! Routers are made of [`Route`]s and nothing else, and so is the OpenAPI document: a path that is
//! served is documented, with the parameters and errors that stand beside its handler.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, on};

use super::error::kind::Kind;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
}

/// What one method of one path takes and answers.
#[derive(Debug)]
pub struct Route {
    pub method: Method,
    /// With its parameters in braces, which axum and OpenAPI write alike.
    pub path: &'static str,
    /// As generated clients call it.
    pub name: &'static str,
    pub about: &'static str,
    pub needs_token: bool,
    pub query: &'static [Parameter],
    pub headers: &'static [Parameter],
    /// What the request's body may be.
    pub takes: &'static [Content],
    /// What the answer's body may be, on success.
    pub gives: &'static [Content],
    /// Beside those that every request may get.
    pub errors: &'static [Kind],
}

/// A parameter of the query, or a header.
#[derive(Debug)]
pub struct Parameter {
    pub name: &'static str,
    pub about: &'static str,
    /// A JSON Schema.
    pub schema: &'static str,
    pub required: bool,
}

/// A media type with a schema and an example, both JSON.
#[derive(Debug)]
pub struct Content {
    pub media: &'static str,
    pub schema: &'static str,
    /// JSON, or the text itself where the media type is another.
    pub example: &'static str,
}

impl Route {
    /// Most routes read, need a token, and take nothing but their path.
    pub const fn get(path: &'static str, name: &'static str, about: &'static str) -> Self {
        Self {
            method: Method::Get,
            path,
            name,
            about,
            needs_token: true,
            query: &[],
            headers: &[],
            takes: &[],
            gives: &[],
            errors: &[],
        }
    }

    pub const fn post(path: &'static str, name: &'static str, about: &'static str) -> Self {
        Self { method: Method::Post, ..Self::get(path, name, about) }
    }
}

/// A router on its way, with the list of what it serves.
#[derive(Debug)]
pub struct Routes<S> {
    router: Router<S>,
    list: Vec<&'static Route>,
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    pub fn new() -> Self {
        Self { router: Router::new(), list: Vec::new() }
    }

    #[must_use]
    pub fn on<H: Handler<T, S>, T: 'static>(mut self, route: &'static Route, handler: H) -> Self {
        let method = match route.method {
            Method::Get => MethodFilter::GET,
            Method::Post => MethodFilter::POST,
        };
        self.router = self.router.route(route.path, on(method, handler));
        self.list.push(route);
        self
    }

    pub fn with_state(self, state: S) -> Router {
        self.router.with_state(state)
    }

    /// What is served, for the document.
    pub fn list(self) -> Vec<&'static Route> {
        self.list
    }
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}
