//! The deadlines of a connection.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

/// A caller may take nothing of its answer for so long. Arbitrary, bounded.
const WRITE_TIMEOUT: Duration = Duration::from_mins(5);

/// A deadline that moves.
#[derive(Default)]
pub(super) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    deadline: Option<Instant>,
}

impl Timer {
    /// Ready at the deadline; never without one.
    pub fn poll(&mut self, cx: &mut Context<'_>, deadline: Option<Instant>) -> Poll<()> {
        let Some(at) = deadline else {
            self.deadline = None;
            return Poll::Pending;
        };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(at)));
        if self.deadline.replace(at) != Some(at) {
            sleep.as_mut().reset(at);
        }
        sleep.as_mut().poll(cx)
    }

    /// Errors once writes have been pending for too long.
    pub fn bound<R>(
        &mut self,
        cx: &mut Context<'_>,
        polled: Poll<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        if polled.is_ready() {
            self.deadline = None;
            return polled;
        }
        let deadline = self.deadline.unwrap_or_else(|| Instant::now() + WRITE_TIMEOUT);
        ready!(self.poll(cx, Some(deadline)));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}
