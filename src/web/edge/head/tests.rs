use super::*;

fn status(head: &str) -> Result<Framing, u16> {
    match scan(head.as_bytes(), 0) {
        Scan::Complete(end) => check(&head.as_bytes()[..end]).map_err(|error| error.fault().code),
        Scan::Refused(error) => Err(error.fault().code),
        Scan::Partial => Err(0),
    }
}

#[test]
fn a_plain_head_says_where_its_body_ends() {
    for (head, framing) in [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", Framing::Length(0)),
        ("GET /p?q=1 HTTP/1.0\r\nHost: a:80\r\n\r\n", Framing::Length(0)),
        ("GET http://a/ HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", Framing::Length(0)),
        ("POST / HTTP/1.1\r\nhost:a\r\ncontent-length:\t12 \r\n\r\n", Framing::Length(12)),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n", Framing::Chunked),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: \u{e9}\r\nY:\r\n\r\n", Framing::Length(0)),
    ] {
        assert_eq!(status(head), Ok(framing), "{head:?}");
    }
}

#[test]
fn a_head_that_could_be_read_in_two_ways_is_refused() {
    for head in [
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\n\n",
        "GET / HTTP/1.1\r\nHost: a\n\r\n",
        "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: b\rc\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
        "GET /\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
        "GET / HTTP/0.9\r\nHost: a\r\n\r\n",
        "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\n",
        "G(T / HTTP/1.1\r\nHost: a\r\n\r\n",
    ] {
        assert_eq!(status(head), Err(400), "{head:?}");
    }
}

#[test]
fn a_body_whose_end_is_doubtful_is_refused() {
    for fields in [
        "Content-Length: 1\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 1",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: identity",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding:",
        "Transfer-Encoding: xchunked",
        "Content-Length: 1\r\nContent-Length: 1",
        "Content-Length: 1, 1",
        "Content-Length: +1",
        "Content-Length: -1",
        "Content-Length: 0x1",
        "Content-Length:",
        "Content-Length: 18446744073709551616",
    ] {
        let head = format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n");
        assert_eq!(status(&head), Err(400), "{fields:?}");
    }
    let old = "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(status(old), Err(400));
}

#[test]
fn what_is_too_long_is_told_apart() {
    let long = "x".repeat(TARGET_BYTES_MAX);
    assert_eq!(status(&format!("GET /{long} HTTP/1.1\r\nHost: a\r\n\r\n")), Err(414));
    assert_eq!(status(&format!("GET /{long}{long}")), Err(414));
    let large = "x".repeat(HEAD_BYTES_MAX);
    assert_eq!(status(&format!("GET / HTTP/1.1\r\nHost: a\r\nX: {large}\r\n\r\n")), Err(431));
    assert_eq!(status(&format!("GET / HTTP/1.1\r\nHost: a\r\nX: {large}")), Err(431));
    let many = "X: y\r\n".repeat(LINES_MAX);
    assert_eq!(status(&format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n")), Err(431));
}

#[test]
fn a_head_is_found_however_it_is_cut() {
    let head = b"GET / HTTP/1.1\r\nHost: a\r\n\r\nrest";
    for cut in 0..head.len() - 4 {
        assert!(matches!(scan(&head[..cut], 0), Scan::Partial), "{cut}");
        assert!(matches!(scan(head, cut), Scan::Complete(27)), "{cut}");
    }
}
