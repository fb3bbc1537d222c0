use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::*;
use crate::shutdown::Shutdown;
use crate::web::{Error, body, layers};

mod time;

/// A server whose `/slow` waits to be released.
struct Server {
    address: std::net::SocketAddr,
    shutdown: Shutdown,
    entered: &'static Notify,
    release: &'static Notify,
    ended: tokio::task::JoinHandle<Option<()>>,
}

async fn length(body: Body) -> Result<String, Error> {
    let whole = body.collect().await.map_err(|error| body::broken(&error))?;
    Ok(whole.to_bytes().len().to_string())
}

async fn server(connections: u32) -> Server {
    let (entered, release): (&Notify, &Notify) =
        (Box::leak(Box::default()), Box::leak(Box::default()));
    let slow = async move || {
        entered.notify_one();
        release.notified().await;
        "slow"
    };
    let router = Router::new()
        .route("/", get(async || "hello").post(length))
        .route("/unread", post(async || Error::unauthorized()))
        .route("/endless", get(async || axum::body::Body::from_stream(endless())))
        .route("/slow", get(slow));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = Shutdown::new();
    let limits = Limits { connections, uploads_grace: Duration::from_millis(20) };
    let until = shutdown.clone();
    let ended =
        shutdown.spawn(async move { serve(listener, layers(router), limits, &until).await });
    Server { address, shutdown, entered, release, ended }
}

/// More than all buffers on the way take in.
fn endless() -> impl futures_util::Stream<Item = Result<Vec<u8>, std::convert::Infallible>> {
    futures_util::stream::repeat_with(|| Ok(vec![b'x'; 64 * 1024]))
}

impl Server {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Everything that comes back for these bytes, until the server closes.
    async fn say(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes).await.unwrap();
        rest(&mut stream).await
    }
}

async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    tokio::time::timeout(Duration::from_mins(1), read).await.expect("the server closes").unwrap();
    String::from_utf8(answer).unwrap()
}

/// Reads until `end` has come.
async fn until(stream: &mut TcpStream, end: &str) -> String {
    let mut answer = Vec::new();
    while !answer.ends_with(end.as_bytes()) {
        let mut byte = [0];
        stream.read_exact(&mut byte).await.unwrap();
        answer.extend(byte);
    }
    String::from_utf8(answer).unwrap()
}

const CLOSE: &str = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

#[tokio::test]
async fn requests_follow_each_other_on_one_connection() {
    let server = server(10).await;
    let requests = format!(
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n\
         POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello\r\n\
         POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x\r\ndefg\r\n0\r\nT: x\r\n\r\n\
         {CLOSE}"
    );
    let answers = server.say(requests.as_bytes()).await;
    let bodies: Vec<_> = answers.split("\r\n\r\n").skip(1).collect();
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 4, "{answers}");
    assert!(bodies[0].starts_with("hello") && bodies[1].starts_with('5'), "{answers}");
    assert!(bodies[2].starts_with('7') && bodies[3] == "hello", "{answers}");
}

#[tokio::test]
async fn requests_are_read_however_the_bytes_are_cut() {
    let server = server(10).await;
    let requests = format!(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n\r\n{CLOSE}"
    );
    let mut stream = server.connect().await;
    stream.set_nodelay(true).unwrap();
    for byte in requests.as_bytes() {
        stream.write_all(&[*byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let answers = rest(&mut stream).await;
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 2, "{answers}");
}

#[tokio::test]
async fn a_refused_head_is_answered_in_shape_and_the_connection_closed() {
    let server = server(10).await;
    for (request, reason) in [
        ("GET / HTTP/1.1\r\n\r\n", "InvalidBody"),
        ("GET / HTTP/1.1\nHost: a\n\n", "InvalidBody"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "InvalidBody"),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc",
            "InvalidBody",
        ),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\nabc", "InvalidBody"),
        (&format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(9000)), "URITooLong"),
        (
            &format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(33_000)),
            "HeaderTooLarge",
        ),
    ] {
        let answer = server.say(request.as_bytes()).await;
        assert!(answer.contains(&format!("\"reason\":\"{reason}\"")), "{request:?}: {answer}");
        assert!(answer.contains("connection: close\r\n"), "{answer}");
        assert!(answer.contains("cache-control: no-store\r\n"), "{answer}");
    }
}

#[tokio::test]
async fn a_refused_head_is_answered_after_the_requests_before_it() {
    let server = server(10).await;
    let answers = server
        .say(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\nHost: a\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .await;
    let ok = answers.find("200 OK").unwrap();
    let refused = answers.find("400 Bad Request").unwrap();
    assert!(ok < refused && answers.matches("HTTP/1.1 ").count() == 2, "{answers}");
}

#[tokio::test]
async fn a_body_that_is_not_chunked_as_it_says_breaks_off() {
    let server = server(10).await;
    let answer = server
        .say(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n")
        .await;
    assert!(answer.contains("\"reason\":\"InvalidBody\""), "{answer}");
}

#[tokio::test]
async fn an_answer_that_comes_before_the_end_of_the_body_arrives() {
    let server = server(10).await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n")
        .await
        .unwrap();
    let (mut reading, mut writing) = stream.split();
    let write = async { while writing.write_all(&[b'x'; 8192]).await.is_ok() {} };
    let mut answer = String::new();
    tokio::select! {
        () = write => panic!("the answer is lost"),
        read = reading.read_to_string(&mut answer) => drop(read.unwrap()),
    }
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
}

#[tokio::test]
async fn a_caller_that_has_said_all_still_gets_its_answer() {
    let server = server(10).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    stream.shutdown().await.unwrap();
    server.entered.notified().await;
    server.release.notify_one();
    assert!(rest(&mut stream).await.ends_with("slow"));
}

#[tokio::test]
async fn the_drain_finishes_requests_and_closes_idle_connections() {
    let server = server(10).await;
    let (mut fresh, mut idle, mut busy) =
        (server.connect().await, server.connect().await, server.connect().await);
    idle.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    until(&mut idle, "hello").await;
    busy.write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    server.entered.notified().await;
    server.shutdown.drain();
    assert_eq!(rest(&mut fresh).await, "");
    assert_eq!(rest(&mut idle).await, "");
    server.release.notify_one();
    assert!(rest(&mut busy).await.ends_with("slow"));
    server.ended.await.unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn an_upload_that_does_not_end_within_the_grace_is_answered_503() {
    let server = server(10).await;
    let mut stream = server.connect().await;
    stream
        .write_all(
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n",
        )
        .await
        .unwrap();
    // So the handler waits for the body.
    until(&mut stream, "HTTP/1.1 100 Continue\r\n\r\n").await;
    server.shutdown.drain();
    let answer = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: "), "{answer}");
    server.ended.await.unwrap();
}

#[tokio::test]
async fn one_connection_too_many_waits_in_the_backlog() {
    let server = server(1).await;
    let mut first = server.connect().await;
    first.write_all(b"GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    server.entered.notified().await;
    let mut second = server.connect().await;
    second.write_all(CLOSE.as_bytes()).await.unwrap();
    let mut byte = [0];
    let early = tokio::time::timeout(Duration::from_millis(50), second.read(&mut byte)).await;
    assert!(early.is_err(), "it was served beyond the limit");
    server.release.notify_one();
    assert!(rest(&mut first).await.ends_with("slow"));
    drop(first);
    assert!(rest(&mut second).await.ends_with("hello"));
}
