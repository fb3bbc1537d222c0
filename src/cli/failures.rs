//! `failures`: the failed records of a task, and why they failed.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use reqwest::{Method, Response};
use serde_json::Value;

use super::client::{Client, ServerArgs, task_path};
use super::output::{self, Form, printable};
use super::status::copy;

/// Lists a task's failed records and why they failed; also while it is pending
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  user-import failures task_4WZ0V7EPT4GZ2ABVN03QXYZ122W835C1 -o failures.ndjson

As JSON, one failed record a line: index, line, errors, and the record without its secrets.")]
pub struct Arguments {
    /// The task
    id: String,
    /// Write them to FILE, as JSON
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    server: ServerArgs,
}

pub async fn run(args: Arguments) -> Result<ExitCode> {
    let client = Client::new(&args.server)?;
    let path = format!("{}/failures", task_path(&args.id)?);
    let answer = client.answer(Method::GET, &path, &[]).await?;
    match &args.output {
        Some(file) => save(answer, file).await?,
        None if args.form.is_json() => copy(answer, output::write).await?,
        None => show(answer).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn save(answer: Response, path: &Path) -> Result<()> {
    let file =
        File::create(path).with_context(|| format!("{} cannot be written", path.display()))?;
    let mut file = BufWriter::new(file);
    let mut lines = 0;
    let whole = copy(answer, |piece| {
        lines += piece.split(|byte| *byte == b'\n').count() - 1;
        Ok(file.write_all(piece)?)
    });
    whole.await.with_context(|| format!("{} is not complete", path.display()))?;
    file.flush().with_context(|| format!("{} is not complete", path.display()))?;
    output::note(&format!("{lines} failed records are in {}", path.display()));
    Ok(())
}

/// A line of text for each record: where it stands in the file, and each of its errors.
async fn show(answer: Response) -> Result<()> {
    let mut rest = Vec::new();
    copy(answer, |piece| {
        rest.extend_from_slice(piece);
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=end).collect();
            output::line(&text(&serde_json::from_slice(&line).unwrap_or_default()))?;
        }
        Ok(())
    })
    .await
}

fn text(failure: &Value) -> String {
    let place = match (&failure["line"], &failure["index"]) {
        (Value::Number(line), _) => format!("line {line}"),
        (_, index) => format!("record {index}"),
    };
    let errors = failure["errors"].as_array().map_or(&[][..], Vec::as_slice);
    let errors: Vec<String> = errors.iter().map(error).collect();
    printable(&format!("{place}: {}", errors.join("; ")))
}

fn error(error: &Value) -> String {
    let reason = error["reason"].as_str().unwrap_or("unknown");
    let message = error["message"].as_str().unwrap_or_default();
    let causes = error["info"]["causes"].as_array().map_or(&[][..], Vec::as_slice);
    let causes: Vec<String> = causes
        .iter()
        .map(|cause| {
            let kind = cause["kind"].as_str().unwrap_or("fault");
            format!("{kind} at {}", cause["location"].as_str().unwrap_or_default())
        })
        .collect();
    let named = ["fields", "locations", "roles", "groups"];
    let named = named.into_iter().filter_map(|name| error["info"][name].as_array()).flatten();
    let named = named.filter_map(Value::as_str).map(str::to_owned);
    let about: Vec<String> = causes.into_iter().chain(named).collect();
    if about.is_empty() {
        format!("{reason}: {message}")
    } else {
        format!("{reason}: {message} ({})", about.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_failure_says_where_and_why() {
        let failure = json!({"index": 6, "line": 9, "errors": [
            {"reason": "ValidationFailed", "message": "invalid record", "info": {"causes": [{"kind": "format", "location": "/email"}]}},
            {"reason": "DuplicatedIdentity", "message": "taken", "info": {"fields": ["email"]}},
        ]});
        assert_eq!(
            text(&failure),
            "line 9: ValidationFailed: invalid record (format at /email); DuplicatedIdentity: taken (email)"
        );
        assert_eq!(text(&json!({"index": 6, "errors": []})), "record 6: ");
    }
}
