//! The gate in front of hyper: the bytes of a connection, let through head by head.
//!
//! Each head is read whole, within its time, and judged before hyper sees any of it; then its body
//! is let through to its end, where the next head begins. In the place of a head that is refused,
//! hyper gets a request that the layers answer with the refusal, in the one shape of an error
//! and after the answers before it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::Instant;

use super::chunked::Chunked;
use super::head::{self, Framing, Scan};
use super::timer::Timer;
use super::turn::Turns;
use crate::web::Error;

/// A head must be complete in so much time, from the connection or its first byte.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// A connection without a request is kept so long.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// What a caller still sends after its last answer is read for so long: closing at once would
/// reset the connection, and the answer might be lost with it.
const LINGER: Duration = Duration::from_secs(2);
/// Of a body at a time. Arbitrary, bounded.
const READ_BYTES: usize = 64 * 1024;
/// Of a head at a time: nearly all of them are shorter.
const HEAD_READ_BYTES: usize = 4 * 1024;

/// In the place of a refused head. The method is nobody's, so that no log names a wrong one.
const REFUSED: &[u8] = b"REFUSED / HTTP/1.1\r\nhost: refused\r\nconnection: close\r\n\r\n";

pub(super) struct Gate<T> {
    io: T,
    turns: Turns,
    /// What came and is not let through.
    buffer: BytesMut,
    phase: Phase,
    read_timer: Timer,
    write_timer: Timer,
}

enum Phase {
    /// Waiting for a head; so many bytes of the buffer were looked at, and the first came when.
    Head {
        scanned: usize,
        began: Option<Instant>,
    },
    /// A whole head, of which so many bytes are still to be let through.
    Through {
        left: usize,
        framing: Framing,
    },
    Length(u64),
    Chunked(Chunked),
    /// A refusal, of which so many bytes were given.
    Refused(usize),
    /// Nothing more comes.
    Closed,
}

impl<T> Gate<T> {
    pub fn new(io: T, turns: Turns) -> Self {
        Self {
            io,
            turns,
            buffer: BytesMut::new(),
            phase: Phase::Head { scanned: 0, began: Some(Instant::now()) },
            read_timer: Timer::default(),
            write_timer: Timer::default(),
        }
    }

    /// Looks at what came for a head. Returns the next phase once there is one.
    fn judge(&mut self, scanned: usize) -> Option<Phase> {
        match head::scan(&self.buffer, scanned) {
            Scan::Partial => None,
            Scan::Refused(error) => Some(self.refuse(error)),
            Scan::Complete(left) => match head::check(&self.buffer[..left]) {
                Err(error) => Some(self.refuse(error)),
                Ok(framing) => {
                    self.turns.announce(None);
                    Some(Phase::Through { left, framing })
                }
            },
        }
    }

    fn refuse(&mut self, error: Error) -> Phase {
        self.turns.announce(Some(error));
        self.buffer.clear();
        Phase::Refused(0)
    }

    fn next_head(&mut self) {
        // A connection that waits holds no memory for the body before.
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
        }
        self.phase = Phase::Head { scanned: 0, began: None };
    }

    /// When the wait for a head ends; never while a request before it is under way.
    fn head_deadline(&self, began: Option<Instant>) -> Option<Instant> {
        match (self.turns.idle_since(), began) {
            (None, _) => None,
            (Some(_), Some(began)) => Some(began + HEAD_TIMEOUT),
            (Some(idle_since), None) => Some(idle_since + KEEP_ALIVE),
        }
    }

    /// Gives hyper up to `bytes` of the buffer; returns how many.
    fn give(&mut self, bytes: u64, out: &mut ReadBuf<'_>) -> usize {
        let given = (self.buffer.len() as u64).min(bytes).min(out.remaining() as u64) as usize;
        out.put_slice(&self.buffer.split_to(given));
        given
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Gate<T> {
    /// Reads more into the buffer; false at the end.
    fn poll_fill(&mut self, cx: &mut Context<'_>, bytes: usize) -> Poll<io::Result<bool>> {
        self.buffer.reserve(bytes);
        let mut read = std::pin::pin!(self.io.read_buf(&mut self.buffer));
        read.as_mut().poll(cx).map_ok(|read| read > 0)
    }

    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Phase::Head { scanned, began } = self.phase {
            // Empty lines before a request line are passed over (RFC 9112, section 2.2).
            while scanned == 0 && self.buffer.starts_with(b"\r\n") {
                let _ = self.buffer.split_to(2);
            }
            if let Some(next) = self.judge(scanned) {
                self.phase = next;
                break;
            }
            // A lone CR may begin an empty line, so it is looked at again.
            let scanned = if self.buffer.len() > 1 { self.buffer.len() } else { 0 };
            let began = began.or_else(|| (!self.buffer.is_empty()).then(Instant::now));
            self.phase = Phase::Head { scanned, began };
            match self.poll_fill(cx, HEAD_READ_BYTES)? {
                Poll::Ready(true) => {}
                Poll::Ready(false) => self.phase = Phase::Closed,
                Poll::Pending => {
                    ready!(self.read_timer.poll(cx, self.head_deadline(began)));
                    self.phase = Phase::Closed;
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_body(&mut self, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.buffer.is_empty() && !ready!(self.poll_fill(cx, READ_BYTES))? {
            self.phase = Phase::Closed;
            return Poll::Ready(Ok(()));
        }
        match self.phase {
            Phase::Length(left) => {
                let left = left - self.give(left, out) as u64;
                self.phase = Phase::Length(left);
            }
            Phase::Chunked(ref mut chunked) => {
                let most = self.buffer.len().min(out.remaining());
                let taken = chunked.take(&self.buffer[..most]);
                let taken =
                    taken.map_err(|broken| io::Error::new(io::ErrorKind::InvalidData, broken))?;
                self.give(taken as u64, out);
            }
            _ => {}
        }
        Poll::Ready(Ok(()))
    }

    /// Closes the connection so that its last answer arrives.
    pub async fn close(mut self) {
        let is_clean = matches!(self.phase, Phase::Head { .. }) && self.buffer.is_empty();
        if self.io.shutdown().await.is_err() || is_clean {
            return;
        }
        let drain = async {
            loop {
                self.buffer.clear();
                self.buffer.reserve(READ_BYTES);
                match self.io.read_buf(&mut self.buffer).await {
                    Ok(0) | Err(_) => break,
                    Ok(_) => {}
                }
            }
        };
        let _ = tokio::time::timeout(LINGER, drain).await;
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for Gate<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            match this.phase {
                Phase::Head { .. } => ready!(this.poll_head(cx))?,
                Phase::Through { left: 0, framing: Framing::Length(length) } => {
                    this.phase = Phase::Length(length);
                }
                Phase::Through { left: 0, framing: Framing::Chunked } => {
                    this.phase = Phase::Chunked(Chunked::default());
                }
                Phase::Through { left, framing } => {
                    let left = left - this.give(left as u64, out);
                    this.phase = Phase::Through { left, framing };
                    return Poll::Ready(Ok(()));
                }
                Phase::Length(0) => this.next_head(),
                Phase::Chunked(ref chunked) if chunked.is_done() => this.next_head(),
                Phase::Length(_) | Phase::Chunked(_) => return this.poll_body(cx, out),
                Phase::Refused(given) if given < REFUSED.len() => {
                    let part = &REFUSED[given..];
                    let part = &part[..part.len().min(out.remaining())];
                    out.put_slice(part);
                    this.phase = Phase::Refused(given + part.len());
                    return Poll::Ready(Ok(()));
                }
                Phase::Refused(_) | Phase::Closed => return Poll::Ready(Ok(())),
            }
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Gate<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.write_timer.bound(cx, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write_vectored(cx, bytes);
        self.write_timer.bound(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
