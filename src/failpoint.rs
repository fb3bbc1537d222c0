//! Named steps that a test can make fail, stall, delay or kill. Only test builds have them.
//!
//! A process reads `FAILPOINTS` once, as in `apply.before_commit=kill@3;relay.after_confirm=
//! delay:200`: after the `@` stands at which pass of the step it happens, every pass without
//! one. After a `#` stands the index of a record, as in `apply.records=kill#1234`: it happens at
//! every pass with that record. Tests in the same process set them by `set`.

/// The step could not be taken, because a test said so.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("a failpoint made this step fail")]
pub struct Failed;

#[cfg(not(feature = "failpoints"))]
#[expect(clippy::unused_async, reason = "a test build waits here")]
pub async fn pass(_step: &'static str) -> Result<(), Failed> {
    Ok(())
}

#[cfg(not(feature = "failpoints"))]
#[expect(clippy::unused_async, reason = "a test build waits here")]
pub async fn pass_with(_step: &'static str, _records: std::ops::Range<i64>) -> Result<(), Failed> {
    Ok(())
}

#[cfg(feature = "failpoints")]
pub use armed::{clear, pass, pass_with, passes, set};

#[cfg(feature = "failpoints")]
mod armed {
    use std::collections::HashMap;
    use std::ops::Range;
    use std::sync::{LazyLock, Mutex};
    use std::time::Duration;

    use super::Failed;

    #[derive(Debug, Clone, Copy)]
    enum Action {
        Kill,
        Fail,
        Stall,
        Delay(Duration),
    }

    /// At which passes of a step the action happens.
    #[derive(Debug, Clone, Copy)]
    enum When {
        Always,
        At(u64),
        With(i64),
    }

    impl When {
        fn holds(self, pass: u64, records: &Range<i64>) -> bool {
            match self {
                Self::Always => true,
                Self::At(at) => at == pass,
                Self::With(record) => records.contains(&record),
            }
        }
    }

    #[derive(Debug, Default)]
    struct Step {
        passes: u64,
        action: Option<(Action, When)>,
    }

    static STEPS: LazyLock<Mutex<HashMap<String, Step>>> = LazyLock::new(|| {
        #[expect(clippy::disallowed_methods, reason = "a test's variable, no setting")]
        let spec = std::env::var("FAILPOINTS").unwrap_or_default();
        let mut steps = HashMap::new();
        for (step, action) in spec.split(';').filter_map(|part| part.split_once('=')) {
            steps.insert(step.to_owned(), Step { passes: 0, action: Some(parse(action)) });
        }
        Mutex::new(steps)
    });

    fn parse(text: &str) -> (Action, When) {
        let number = "@ and # are followed by a number";
        let (action, when) = if let Some((action, at)) = text.split_once('@') {
            (action, When::At(at.parse().expect(number)))
        } else if let Some((action, record)) = text.split_once('#') {
            (action, When::With(record.parse().expect(number)))
        } else {
            (text, When::Always)
        };
        let action = match action.split_once(':') {
            Some(("delay", millis)) => {
                Action::Delay(Duration::from_millis(millis.parse().expect("delay:MILLISECONDS")))
            }
            _ => match action {
                "kill" => Action::Kill,
                "fail" => Action::Fail,
                "stall" => Action::Stall,
                other => panic!("a failpoint does kill, fail, stall or delay:MS, not {other}"),
            },
        };
        (action, when)
    }

    /// Makes `step` do what `action` says, written as in `FAILPOINTS`.
    pub fn set(step: &str, action: &str) {
        let action = Some(parse(action));
        STEPS
            .lock()
            .expect("no test panics while it holds this")
            .entry(step.to_owned())
            .or_default()
            .action = action;
    }

    pub fn clear(step: &str) {
        if let Some(step) = STEPS.lock().expect("no test panics while it holds this").get_mut(step)
        {
            step.action = None;
        }
    }

    /// How often the step was passed so far.
    pub fn passes(step: &str) -> u64 {
        STEPS
            .lock()
            .expect("no test panics while it holds this")
            .get(step)
            .map_or(0, |step| step.passes)
    }

    /// Passes the step, or does what a test wants to happen there.
    pub async fn pass(step: &'static str) -> Result<(), Failed> {
        pass_with(step, 0..0).await
    }

    /// Passes the step with the records of these indexes.
    pub async fn pass_with(step: &'static str, records: Range<i64>) -> Result<(), Failed> {
        let action = {
            let mut steps = STEPS.lock().expect("no test panics while it holds this");
            let step = steps.entry(step.to_owned()).or_default();
            step.passes += 1;
            let (passes, action) = (step.passes, step.action);
            action.filter(|(_, when)| when.holds(passes, &records)).map(|(action, _)| action)
        };
        match action {
            None => Ok(()),
            Some(Action::Fail) => Err(Failed),
            Some(Action::Delay(time)) => {
                tokio::time::sleep(time).await;
                Ok(())
            }
            Some(Action::Stall) => std::future::pending().await,
            // As sudden as a kill from outside: no destructor, no flush.
            Some(Action::Kill) => std::process::abort(),
        }
    }
}
