//! The time limits of a connection, with a paused clock: it moves on by itself, to the next limit,
//! whenever everybody waits.

use super::*;

/// How long it took until the server closed, in seconds, and what it said.
async fn closed(stream: &mut TcpStream) -> (u64, String) {
    let began = tokio::time::Instant::now();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    (began.elapsed().as_secs(), answer)
}

#[tokio::test(start_paused = true)]
async fn a_head_is_complete_within_ten_seconds_or_closed_without_a_word() {
    let server = server(10).await;
    for part in ["", "GET / HT", "GET / HTTP/1.1\r\nHost: a\r\n"] {
        let mut stream = server.connect().await;
        stream.write_all(part.as_bytes()).await.unwrap();
        assert_eq!(closed(&mut stream).await, (10, String::new()), "{part:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_that_drips_has_ten_seconds_all_the_same() {
    let server = server(10).await;
    let mut stream = server.connect().await;
    let began = tokio::time::Instant::now();
    let mut sent = 0;
    for byte in CLOSE.as_bytes() {
        if stream.write_all(&[*byte]).await.is_err() {
            break;
        }
        sent += 1;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let mut end = Vec::new();
    // A write into a connection that was closed may have reset it.
    let _ = stream.read_to_end(&mut end).await;
    assert!(end.is_empty() && sent < CLOSE.len(), "{sent} bytes within {:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_kept_75_seconds_after_its_last_answer() {
    let server = server(10).await;
    let mut stream = server.connect().await;
    for wait in [0, 70, 70] {
        tokio::time::sleep(Duration::from_secs(wait)).await;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        until(&mut stream, "hello").await;
    }
    assert_eq!(closed(&mut stream).await, (75, String::new()));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_silent_for_30_seconds_is_408() {
    let server = server(10).await;
    let mut stream = server.connect().await;
    let head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello";
    stream.write_all(head).await.unwrap();
    let (seconds, answer) = closed(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("\"reason\":\"RequestTimeout\""), "{answer}");
    // The rest of the body is awaited a moment more, so that the answer arrives.
    assert!((30..=33).contains(&seconds), "{seconds}");
}

#[tokio::test(start_paused = true)]
async fn a_body_of_less_than_a_kibibyte_a_second_over_five_minutes_is_408() {
    let server = server(10).await;
    let mut stream = server.connect().await;
    let head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n";
    stream.write_all(head).await.unwrap();
    let (mut reading, mut writing) = stream.split();
    let drip = async {
        loop {
            let _ = writing.write_all(&[b'x'; 1000]).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    let began = tokio::time::Instant::now();
    let answer = async {
        let mut answer = Vec::new();
        // What is still being written may reset the connection behind the answer.
        let _ = reading.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    };
    let answer = tokio::select! {
        () = drip => unreachable!("it never ends"),
        answer = answer => answer,
    };
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    let seconds = began.elapsed().as_secs();
    assert!((299..=310).contains(&seconds), "{seconds}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nobody_takes_is_given_up() {
    let server = server(1).await;
    let mut deaf = server.connect().await;
    deaf.write_all(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut next = server.connect().await;
    next.write_all(CLOSE.as_bytes()).await.unwrap();
    let began = tokio::time::Instant::now();
    let mut answer = String::new();
    next.read_to_string(&mut answer).await.unwrap();
    assert!(answer.ends_with("hello"), "{answer}");
    let minutes = began.elapsed().as_secs() / 60;
    assert!((5..=6).contains(&minutes), "the one place came free after {minutes} minutes");
}
