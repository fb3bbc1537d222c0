//! What a panic leaves behind: a log line with its place, and its message only where that is a
//! text of the program.
//!
//! A message that was put together at run time may hold a caller's data or a secret, so it is
//! left out; the place says enough to find it. No backtrace is printed.

use std::panic::PanicHookInfo;

/// Replaces the standard hook, which prints messages and backtraces.
pub(super) fn report_by_log() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(String::new, ToString::to_string);
        tracing::error!(place, message = message(panic));
    }));
}

fn message(panic: &PanicHookInfo<'_>) -> &'static str {
    panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("a panic")
}
