//! Named steps that a test can make fail, stall, delay or kill. Only test builds have them.
//!
//! A process reads `FAILPOINTS` once, as in `apply.before_commit=kill@3;relay.after_confirm=
//! delay:200`: after the `@` stands at which pass of the step it happens, every pass without
//! one. Tests in the same process set them by `set`.

/// The step could not be taken, because a test said so.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("a failpoint made this step fail")]
pub struct Failed;

#[cfg(not(feature = "failpoints"))]
#[expect(clippy::unused_async, reason = "a test build waits here")]
pub async fn pass(_step: &'static str) -> Result<(), Failed> {
    Ok(())
}

#[cfg(feature = "failpoints")]
pub use armed::{clear, pass, passes, set};

#[cfg(feature = "failpoints")]
mod armed {
    use std::collections::HashMap;
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

    #[derive(Debug, Default)]
    struct Step {
        passes: u64,
        action: Option<(Action, Option<u64>)>,
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

    fn parse(text: &str) -> (Action, Option<u64>) {
        let (action, at) = match text.split_once('@') {
            Some((action, at)) => (action, Some(at.parse().expect("@ is followed by a number"))),
            None => (text, None),
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
        (action, at)
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
        let action = {
            let mut steps = STEPS.lock().expect("no test panics while it holds this");
            let step = steps.entry(step.to_owned()).or_default();
            step.passes += 1;
            step.action
                .filter(|(_, at)| at.is_none_or(|at| at == step.passes))
                .map(|(action, _)| action)
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
