//! A request's body with its time limits, and what it means when one breaks off.
//!
//! The limits count only while the handler waits for the caller: what the handler itself takes to
//! store the bytes is not the caller's fault.

use std::error::Error as StdError;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use super::Error;

/// A body may send nothing for so long.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// In so much time of waiting ...
const WINDOW: Duration = Duration::from_mins(5);
/// ... a body sends at least so much: 1 KiB a second.
const WINDOW_BYTES_MIN: u64 = 300 * 1024;

/// Why a body was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stalled {
    #[error("the body came too slowly")]
    TooSlow,
    #[error("the process is stopping")]
    Stopping,
}

/// The answer to a body that broke off: 408, 503 or 400.
pub fn broken(error: &(dyn StdError + 'static)) -> Error {
    let mut cause = Some(error);
    while let Some(inner) = cause {
        match inner.downcast_ref() {
            Some(Stalled::TooSlow) => return Error::request_timeout(),
            Some(Stalled::Stopping) => return Error::stopping(),
            None => cause = inner.source(),
        }
    }
    Error::invalid_body("the body ended before it was complete")
}

/// Ends with [`Stalled`] what comes too slowly, or does not end before the process must.
pub struct Timed<B> {
    inner: B,
    silence_max: Duration,
    silence: Pin<Box<Sleep>>,
    stopping: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// Since when the handler waits for the caller.
    waiting_since: Option<Instant>,
    pace: Pace,
}

impl<B> Timed<B> {
    /// `stopping` returns when uploads must end for the process to stop in time.
    pub fn new(inner: B, stopping: impl Future<Output = ()> + Send + 'static) -> Self {
        Self::with_silence(inner, SILENCE_MAX, stopping)
    }

    fn with_silence(
        inner: B,
        silence_max: Duration,
        stopping: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        Self {
            inner,
            silence_max,
            silence: Box::pin(tokio::time::sleep(silence_max)),
            stopping: Box::pin(stopping),
            waiting_since: None,
            pace: Pace::default(),
        }
    }

    fn is_silent(&mut self, cx: &mut Context<'_>) -> bool {
        if self.waiting_since.is_none() {
            let now = Instant::now();
            self.waiting_since = Some(now);
            self.silence.as_mut().reset(now + self.silence_max);
        }
        self.silence.as_mut().poll(cx).is_ready()
    }
}

/// How much came in how much waiting, window by window.
#[derive(Debug, Default)]
struct Pace {
    waited: Duration,
    bytes: u64,
}

impl Pace {
    /// Errors at the end of a window that brought too little.
    fn add(&mut self, waited: Duration, bytes: u64) -> Result<(), Stalled> {
        self.waited += waited;
        self.bytes += bytes;
        if self.waited < WINDOW {
            return Ok(());
        }
        let came = std::mem::take(self).bytes;
        if came < WINDOW_BYTES_MIN { Err(Stalled::TooSlow) } else { Ok(()) }
    }
}

impl<B> Body for Timed<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<axum::BoxError>,
{
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        let polled = Pin::new(&mut this.inner).poll_frame(cx);
        if polled.is_pending() {
            if this.stopping.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Some(Err(Stalled::Stopping.into())));
            }
            if this.is_silent(cx) {
                return Poll::Ready(Some(Err(Stalled::TooSlow.into())));
            }
        }
        let Some(frame) = ready!(polled) else {
            return Poll::Ready(None);
        };
        let frame = frame.map_err(Into::into)?;
        let bytes = frame.data_ref().map_or(0, Bytes::len) as u64;
        let waited = this.waiting_since.take().map_or(Duration::ZERO, |since| since.elapsed());
        Poll::Ready(Some(this.pace.add(waited, bytes).map(|()| frame).map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use http_body_util::{BodyExt, StreamBody};

    use super::*;

    /// The answer to a body that never comes.
    async fn answer(
        silence_max: Duration,
        stopping: impl Future<Output = ()> + Send + 'static,
    ) -> Error {
        let silent = stream::pending::<Result<Frame<Bytes>, std::io::Error>>();
        let timed = Timed::with_silence(StreamBody::new(silent), silence_max, stopping);
        broken(&*timed.collect().await.unwrap_err())
    }

    #[tokio::test]
    async fn a_body_that_falls_silent_is_a_timeout() {
        let error = answer(Duration::from_millis(1), std::future::pending()).await;
        assert_eq!(error.fault().reason, "RequestTimeout");
    }

    #[tokio::test]
    async fn a_body_that_outlasts_the_grace_is_told_to_come_back() {
        let error = answer(Duration::from_mins(10), std::future::ready(())).await;
        assert_eq!(error.fault().code, 503);
    }

    #[tokio::test]
    async fn a_body_that_comes_is_passed_on() {
        let frame = |text: &'static str| Ok::<_, std::io::Error>(Frame::data(Bytes::from(text)));
        let body = StreamBody::new(stream::iter([frame("a"), frame("b")]));
        let whole = Timed::new(body, std::future::ready(())).collect().await.unwrap();
        assert_eq!(whole.to_bytes(), "ab");
    }

    #[test]
    fn a_pace_below_a_kibibyte_a_second_is_too_slow() {
        let second = Duration::from_secs(1);
        let mut drips = Pace::default();
        assert!((0..299).all(|_| drips.add(second, 1023).is_ok()));
        assert_eq!(drips.add(second, 1023), Err(Stalled::TooSlow));
        let mut flows = Pace::default();
        assert!((0..1000).all(|_| flows.add(second, 1024).is_ok()));
        // A slow start is made up for within the window; the next window begins anew.
        let mut late = Pace::default();
        assert!((0..299).all(|_| late.add(second, 0).is_ok()));
        assert!(late.add(second, WINDOW_BYTES_MIN).is_ok());
        assert!((0..299).all(|_| late.add(second, 0).is_ok()));
        assert!(late.add(second, 0).is_err());
    }

    #[test]
    fn what_ended_too_soon_is_told_from_what_stalled() {
        let cut = std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        assert_eq!(broken(&cut).fault().reason, "InvalidBody");
        let wrapped = axum::Error::new(Stalled::TooSlow);
        assert_eq!(broken(&wrapped).fault().reason, "RequestTimeout");
    }
}
