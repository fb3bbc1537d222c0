//! One level of content coding, undone as the body comes.

use std::error::Error as StdError;
use std::fmt;
use std::io;

use async_compression::tokio::bufread::{GzipDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use futures_util::TryStreamExt;
use tokio::io::{AsyncBufRead, BufReader};
use tokio_util::io::StreamReader;

use crate::web;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Identity,
    Gzip,
    Zstd,
}

pub type Decoded = Box<dyn AsyncBufRead + Send + Unpin>;

/// A decoder gives out its bytes in pieces of this: a fifth of a millisecond of work.
const PIECE_BYTES: usize = 64 << 10;

/// 8 MiB, the most that a sender may ask for in a content coding (RFC 9659). `zstd --long` and
/// `--ultra` ask for more, and each upload would hold that much.
const WINDOW_LOG_MAX: u32 = 23;

pub fn decoded(body: axum::body::Body, encoding: Encoding) -> Decoded {
    let sent =
        StreamReader::new(body.into_data_stream().map_err(|error| io::Error::other(Broken(error))));
    match encoding {
        Encoding::Identity => Box::new(sent),
        Encoding::Gzip => {
            let mut decoder = GzipDecoder::new(sent);
            decoder.multiple_members(true);
            Box::new(BufReader::with_capacity(PIECE_BYTES, decoder))
        }
        Encoding::Zstd => {
            let mut decoder =
                ZstdDecoder::with_params(sent, &[DParameter::window_log_max(WINDOW_LOG_MAX)]);
            decoder.multiple_members(true);
            Box::new(BufReader::with_capacity(PIECE_BYTES, decoder))
        }
    }
}

/// The answer to a body that could not be read on.
pub fn refusal(error: &io::Error) -> web::Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Broken>()) {
        Some(Broken(sent)) => web::body::broken(sent),
        None => web::Error::invalid_body(
            "the body cannot be decompressed, ends within its compression, or wants a window above 8 MiB",
        ),
    }
}

/// What came was broken as it was sent, not as it was compressed.
#[derive(Debug)]
struct Broken(axum::Error);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body broke off")
    }
}

impl StdError for Broken {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use async_compression::tokio::write::GzipEncoder;
    use bytes::Bytes;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzipEncoder::new(Vec::new());
        encoder.write_all(text).await.unwrap();
        encoder.shutdown().await.unwrap();
        encoder.into_inner()
    }

    fn zstd(text: &[u8], window_log: u32) -> Vec<u8> {
        let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(window_log).unwrap();
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    /// Decodes a body that comes in pieces of `size`; the fault's reason if it is refused.
    async fn read(sent: &[u8], size: usize, encoding: Encoding) -> Result<Vec<u8>, &'static str> {
        let pieces: Vec<_> = sent
            .chunks(size)
            .map(|piece| Ok::<_, io::Error>(Bytes::copy_from_slice(piece)))
            .collect();
        let body = axum::body::Body::from_stream(futures_util::stream::iter(pieces));
        let mut whole = Vec::new();
        let read = decoded(body, encoding).read_to_end(&mut whole).await;
        read.map(|_| whole).map_err(|error| refusal(&error).fault().reason)
    }

    #[tokio::test]
    async fn members_and_frames_may_follow_each_other() {
        let gzipped = [gzip(b"one\n").await, gzip(b"").await, gzip(b"two\n").await].concat();
        let zstandard = [zstd(b"one\n", 20), zstd(b"", 20), zstd(b"two\n", 20)].concat();
        for size in [1, 3, 7, 1000] {
            assert_eq!(
                read(&gzipped, size, Encoding::Gzip).await.unwrap(),
                b"one\ntwo\n",
                "{size}"
            );
            assert_eq!(
                read(&zstandard, size, Encoding::Zstd).await.unwrap(),
                b"one\ntwo\n",
                "{size}"
            );
        }
    }

    #[tokio::test]
    async fn what_ends_too_soon_is_refused_wherever_it_ends() {
        let gzipped = [gzip(b"one\n").await, gzip(b"two\n").await].concat();
        let zstandard = [zstd(b"one\n", 20), zstd(b"two\n", 20)].concat();
        for (sent, encoding) in [(gzipped, Encoding::Gzip), (zstandard, Encoding::Zstd)] {
            for cut in 0..sent.len() {
                let found = read(&sent[..cut], 1000, encoding).await;
                let at_a_seam = found.as_deref() == Ok(b"one\n");
                assert!(
                    found == Err("InvalidBody") || at_a_seam || cut == 0,
                    "{encoding:?} cut at {cut}: {found:?}"
                );
            }
        }
    }

    #[tokio::test]
    async fn what_is_no_compression_is_refused() {
        for encoding in [Encoding::Gzip, Encoding::Zstd] {
            assert_eq!(
                read(b"{\"email\":\"a@example.com\"}\n", 1000, encoding).await,
                Err("InvalidBody")
            );
        }
        let trailing = [gzip(b"one\n").await, b"garbage".to_vec()].concat();
        assert_eq!(read(&trailing, 1000, Encoding::Gzip).await, Err("InvalidBody"));
    }

    #[tokio::test]
    async fn a_window_beyond_the_bound_is_refused() {
        let text = vec![b'x'; 20 << 20];
        assert_eq!(read(&zstd(&text, 23), 4096, Encoding::Zstd).await.unwrap().len(), text.len());
        assert_eq!(read(&zstd(&text, 24), 4096, Encoding::Zstd).await, Err("InvalidBody"));
    }
}
