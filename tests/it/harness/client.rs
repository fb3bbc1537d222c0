//! A caller of the API.

use std::net::SocketAddr;

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{Metrics, eventually};

/// What the API answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The id of the task that a 200 started.
    pub fn task(&self) -> String {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()["id"].as_str().expect("a task has an id").to_owned()
    }
}

#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    pub address: SocketAddr,
    token: String,
}

impl Client {
    pub fn new(address: SocketAddr, token: String) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { http, address, token }
    }

    /// The same caller at another process.
    pub fn at(&self, address: SocketAddr) -> Self {
        Self { address, ..self.clone() }
    }

    /// Another caller at the same process.
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    /// A call below `/_api/admin`, with the token.
    pub fn call(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("http://{}/_api/admin{path}", self.address);
        self.http.request(method, url).bearer_auth(&self.token)
    }

    pub async fn get(&self, path: &str) -> Answer {
        answer(self.call(Method::GET, path)).await
    }

    /// A call outside `/_api/admin`, without the token.
    pub async fn public(&self, address: SocketAddr, path: &str) -> Answer {
        answer(self.http.get(format!("http://{address}{path}"))).await
    }

    pub async fn metrics(&self, address: SocketAddr) -> Metrics {
        Metrics::parse(&self.public(address, "/metrics").await.text)
    }

    pub async fn import(&self, body: &Value) -> Answer {
        answer(self.call(Method::POST, "/users/import").json(body)).await
    }

    /// Imports records by email, as JSON.
    pub async fn import_records(&self, records: Vec<Value>, upsert: bool) -> Answer {
        self.import(&json!({"identifier": "email", "upsert": upsert, "records": records})).await
    }

    pub fn ndjson(&self, query: &str) -> RequestBuilder {
        self.call(Method::POST, &format!("/users/import?{query}"))
            .header("content-type", "application/x-ndjson")
    }

    /// Imports lines by email.
    pub async fn import_lines(&self, lines: String) -> Answer {
        answer(self.ndjson("identifier=email").body(lines)).await
    }

    /// An upload whose body is sent piece by piece.
    pub fn upload(&self, query: &str) -> Upload {
        let (pieces, body) = mpsc::channel::<Vec<u8>>(1);
        let stream = futures_util::stream::unfold(body, async |mut body| {
            body.recv().await.map(|piece| (Ok::<_, std::io::Error>(piece), body))
        });
        let request = self.ndjson(query).body(reqwest::Body::wrap_stream(stream));
        let answer = tokio::spawn(async move { try_answer(request).await });
        Upload { pieces, answer }
    }

    /// The task as it stands, without its details.
    pub async fn status(&self, task: &str) -> Value {
        let answer = self.get(&format!("/users/import/{task}?details=none")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    /// The task with its details.
    pub async fn task(&self, task: &str) -> Value {
        let answer = self.get(&format!("/users/import/{task}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    /// Waits until the task is no longer pending.
    pub async fn wait(&self, task: &str, seconds: u64) -> Value {
        eventually("the task ends", seconds, async || {
            let seen = self.status(task).await;
            if seen["status"] == "pending" { Err(seen) } else { Ok(seen) }
        })
        .await
    }

    pub async fn cancel(&self, task: &str) -> Answer {
        answer(self.call(Method::POST, &format!("/users/import/{task}/cancel"))).await
    }
}

/// Sends a request and reads the whole answer.
pub async fn answer(request: RequestBuilder) -> Answer {
    try_answer(request).await.expect("the API answers")
}

async fn try_answer(request: RequestBuilder) -> Result<Answer, reqwest::Error> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Answer { status, headers, text: response.text().await? })
}

/// A body on its way.
#[derive(Debug)]
pub struct Upload {
    pieces: mpsc::Sender<Vec<u8>>,
    answer: tokio::task::JoinHandle<Result<Answer, reqwest::Error>>,
}

impl Upload {
    /// Hands over a piece; waits while the one before is not yet taken. False once the server
    /// has stopped reading.
    pub async fn send(&self, piece: impl Into<Vec<u8>>) -> bool {
        self.pieces.send(piece.into()).await.is_ok()
    }

    /// Ends the body and waits for the answer.
    pub async fn finish(self) -> Result<Answer, reqwest::Error> {
        drop(self.pieces);
        self.answer.await.unwrap()
    }

    /// Closes the connection in the middle of the body.
    pub async fn break_off(self) {
        self.answer.abort();
        let _ = self.answer.await;
    }
}
