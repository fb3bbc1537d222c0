//! A request's body as decoded bytes, piece by piece, counted and digested.

mod decode;

use aws_lc_rs::digest::{Context, Digest, SHA256};
use axum::body::HttpBody;
use tokio::io::AsyncBufReadExt;

pub use decode::Encoding;
use decode::{Decoded, decoded, refusal};

use crate::metrics;
use crate::web;

/// What a body may come to, decoded, and what is said of one that is larger.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    pub bytes_max: u64,
    pub too_large: fn(u64) -> web::Error,
}

pub struct Body {
    decoded: Decoded,
    limit: Limit,
    bytes: u64,
    /// Of the piece that was given out last; it is let go when the next is asked for.
    given: usize,
    digest: Option<Context>,
}

impl Body {
    /// Errors at once where the body says that it is too large. `digested`: will somebody ask for
    /// the digest?
    pub fn new(
        sent: axum::body::Body,
        encoding: Encoding,
        limit: Limit,
        digested: bool,
    ) -> Result<Self, web::Error> {
        let announced = sent.size_hint().exact().unwrap_or(0);
        if encoding == Encoding::Identity && announced > limit.bytes_max {
            return Err((limit.too_large)(limit.bytes_max));
        }
        let digest = digested.then(|| Context::new(&SHA256));
        Ok(Self { decoded: decoded(sent, encoding), limit, bytes: 0, given: 0, digest })
    }

    pub fn bytes_max(&self) -> u64 {
        self.limit.bytes_max
    }

    /// The next piece; empty at the end.
    pub async fn piece(&mut self) -> Result<&[u8], web::Error> {
        self.decoded.consume(std::mem::take(&mut self.given));
        // A body that inflates a million times is always ready; others want their turn too.
        tokio::task::consume_budget().await;
        let piece = self.decoded.fill_buf().await.map_err(|error| refusal(&error))?;
        self.given = piece.len();
        self.bytes += piece.len() as u64;
        if self.bytes > self.limit.bytes_max {
            return Err((self.limit.too_large)(self.limit.bytes_max));
        }
        if let Some(digest) = &mut self.digest {
            digest.update(piece);
        }
        metrics::intake_bytes(piece.len() as u64);
        Ok(piece)
    }

    /// Reads to the end and keeps nothing.
    pub async fn drain(&mut self) -> Result<(), web::Error> {
        while !self.piece().await?.is_empty() {}
        Ok(())
    }

    /// The digest of the whole, once it was read, if it was to be made.
    pub fn take_digest(&mut self) -> Option<Digest> {
        self.digest.take().map(Context::finish)
    }
}
