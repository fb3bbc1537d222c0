//! What is submitted: a file or stdin, its format, and the options as its body or its query has
//! them.
//!
//! NDJSON and CSV go out byte for byte, compressed as they are, and their options stand in the
//! query. A JSON file is either a whole request body or a list of records; the options go into the
//! document, so it is sent uncompressed.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context as TaskContext, Poll};

use anyhow::{Context, Result, bail};
use async_compression::tokio::bufread::{GzipDecoder, ZstdDecoder};
use tokio::io::{AsyncRead, AsyncReadExt, BufReader, ReadBuf};

use super::Arguments;
use super::envelope::{Document, Scanner};
use super::format::{Coding, Format, by_suffix};
use super::options::{Options, missing_identifier};
use crate::cli::Usage;

const NAMES: &str = "name it *.ndjson, *.json or *.csv, perhaps with .gz or .zst behind it";

const PIPED_REQUEST: &str = "JSON from a pipe is sent as it is, with its own options; leave out \
     --identifier, --upsert and --dry-run, or send a file";

/// What is read at once; with less, a fast network waits for the disk.
const PIECE_BYTES: usize = 128 << 10;

pub type Reader = Box<dyn AsyncRead + Send + Sync + Unpin>;

pub struct Source {
    /// `None` is stdin.
    path: Option<PathBuf>,
    pub format: Format,
    pub coding: Option<Coding>,
    /// Of a regular file, which can also be sent again.
    pub bytes: Option<u64>,
    /// What stands in a JSON body before and after what is read, and how much is left out of that.
    frame: Frame,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Frame {
    before: String,
    skip: u64,
    after: &'static str,
}

impl Source {
    /// Looks at the file, so that one that cannot be read is known before anything is sent.
    pub async fn open(args: &Arguments) -> Result<Self> {
        let path = (args.file.as_os_str() != "-").then(|| args.file.clone());
        let bytes = match &path {
            None => None,
            Some(path) => size(path).await?,
        };
        let (format, coding) = match &path {
            None => (Some(Format::Ndjson), None),
            Some(path) => by_suffix(&path.file_name().unwrap_or_default().to_string_lossy()),
        };
        let format = args.format.map(|given| given.format).or(format).ok_or_else(|| {
            let name = args.file.display();
            Usage(format!("{name} says nothing of its format; {NAMES}, or say --format"))
        })?;
        let coding = args.format.and_then(|given| given.coding).or(coding);
        let mut source = Self { path, format, coding, bytes, frame: Frame::default() };
        if format == Format::Json {
            source.frame = source.json_frame(&args.options).await?;
        } else if args.options.identifier.is_none() {
            return Err(missing_identifier());
        }
        Ok(source)
    }

    /// The whole body, from its beginning; what is read of the file counts into `read`.
    pub async fn body(&self, read: Arc<AtomicU64>) -> Result<Reader> {
        let counted = Counted { inner: self.raw().await?, read };
        if self.format != Format::Json {
            return Ok(Box::new(counted));
        }
        let mut reader = self.decoded(Box::new(counted));
        let mut skipped = (&mut reader).take(self.frame.skip);
        tokio::io::copy(&mut skipped, &mut tokio::io::sink()).await?;
        let before = std::io::Cursor::new(self.frame.before.clone().into_bytes());
        Ok(Box::new(before.chain(reader).chain(self.frame.after.as_bytes())))
    }

    async fn raw(&self) -> Result<Reader> {
        Ok(match &self.path {
            None => Box::new(tokio::io::stdin()),
            Some(path) => {
                Box::new(tokio::fs::File::open(path).await.with_context(|| unreadable(path))?)
            }
        })
    }

    fn decoded(&self, reader: Reader) -> Reader {
        let buffered = BufReader::with_capacity(PIECE_BYTES, reader);
        match self.coding {
            None => Box::new(buffered),
            Some(Coding::Gzip) => {
                let mut decoder = GzipDecoder::new(buffered);
                decoder.multiple_members(true);
                Box::new(decoder)
            }
            Some(Coding::Zstd) => {
                let mut decoder = ZstdDecoder::new(buffered);
                decoder.multiple_members(true);
                Box::new(decoder)
            }
        }
    }

    async fn json_frame(&self, options: &Options) -> Result<Frame> {
        if self.bytes.is_none() {
            // What cannot be read twice is taken for what this program writes: a whole request.
            if options.are_given() {
                return Err(Usage(PIPED_REQUEST.to_owned()).into());
            }
            return Ok(Frame::default());
        }
        let mut scanner = Scanner::default();
        let mut reader = self.decoded(self.raw().await?);
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let length =
                reader.read(&mut piece).await.context("the file cannot be read to its end")?;
            if length == 0 || scanner.feed(&piece[..length]) {
                break;
            }
        }
        frame(scanner.finish(), options)
    }
}

fn frame(document: Document, options: &Options) -> Result<Frame> {
    match document {
        Document::Records { at } => {
            let members = options.members(&[])?;
            Ok(Frame { before: format!("{{{members}\"records\":"), skip: at, after: "}" })
        }
        Document::Request { at, members, is_empty } => {
            let mut missing = options.members(&members)?;
            if is_empty {
                missing = missing.trim_end_matches(',').to_owned();
            }
            Ok(Frame { before: format!("{{{missing}"), skip: at + 1, after: "" })
        }
        Document::Other => bail!("the file is neither a list of records nor a whole request body"),
    }
}

/// The size of a regular file; a pipe has none.
async fn size(path: &Path) -> Result<Option<u64>> {
    let about = tokio::fs::metadata(path).await.with_context(|| unreadable(path))?;
    if about.is_dir() {
        bail!("{} is a folder, not a file", path.display());
    }
    // Opened once here: permission is told by nothing else.
    tokio::fs::File::open(path).await.with_context(|| unreadable(path))?;
    Ok(about.is_file().then_some(about.len()))
}

fn unreadable(path: &Path) -> String {
    format!("{} cannot be read", path.display())
}

/// Counts what passes.
struct Counted {
    inner: Reader,
    read: Arc<AtomicU64>,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buffer);
        self.read.fetch_add((buffer.filled().len() - before) as u64, Ordering::Relaxed);
        polled
    }
}
