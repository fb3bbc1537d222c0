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

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::super::written::Written;
    use super::*;

    #[test]
    fn a_panic_logs_its_place_and_never_a_message_that_may_hold_data() {
        let written = Written::default();
        let writer = written.clone();
        let lines = tracing_subscriber::fmt::layer().json().with_writer(move || writer.clone());
        let before = std::panic::take_hook();
        report_by_log();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), || {
            let secret = std::hint::black_box("hunter2");
            assert!(std::panic::catch_unwind(|| panic!("of the program")).is_err());
            assert!(std::panic::catch_unwind(|| panic!("not {secret}")).is_err());
            let absent: Result<(), &str> = std::hint::black_box(Err(secret));
            assert!(std::panic::catch_unwind(|| absent.expect("there is one")).is_err());
        });
        std::panic::set_hook(before);
        let text = String::from_utf8(written.bytes().clone()).unwrap();
        assert_eq!(text.matches("src/telemetry/panics.rs:").count(), 3, "{text}");
        assert!(text.contains("of the program") && !text.contains("hunter2"), "{text}");
    }
}
