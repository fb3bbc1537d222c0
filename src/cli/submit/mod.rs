//! `submit`: sends a file, then follows the task that it became.
//!
//! Memory is flat whatever the size of the file. A file is sent under an idempotency key of its
//! own, so that sending it again after an answer was lost cannot import it twice.

mod envelope;
mod format;
mod send;
mod source;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser;

use super::client::{Client, ServerArgs};
use super::follow::{self, INTERRUPTED};
use super::output::{self, Form, note};
use crate::import::task::Identifier;
use format::Given;
use source::Source;

/// Imports a JSON, NDJSON or CSV file and waits for its end
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  user-import submit users.ndjson.zst --identifier email --upsert
  user-import generate 1000 --format csv | user-import submit - --format csv --identifier email

The name says what a file holds: .ndjson, .jsonl, .json or .csv, perhaps with .gz or .zst behind it;
stdin is NDJSON unless --format says otherwise. A .json file is a list of records or a whole request
body. A file is sent again after 503, 429 or a broken connection; stdin cannot be.

Exit code: 0 completed without failures, 3 some records failed, 4 cancelled, 130 left with Ctrl-C
(which leaves the task running), 1 anything else.")]
pub struct SubmitArgs {
    /// The file, or - for stdin
    file: PathBuf,
    #[command(flatten)]
    options: Options,
    /// The same key with the same file is the same task; a file gets one of its own
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,
    /// What the file holds, where its name does not say: ndjson, json, csv, csv.gz, ...
    #[arg(long)]
    format: Option<Given>,
    /// Print the task's id as soon as it is accepted, and do not wait for its end
    #[arg(long)]
    detach: bool,
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    server: ServerArgs,
}

/// How the records are meant.
#[derive(Debug, Clone, Default, clap::Args)]
struct Options {
    /// The attribute that finds an existing user
    #[arg(long, value_parser = identifier_parser())]
    identifier: Option<Identifier>,
    /// Update users that exist, instead of skipping them
    #[arg(long)]
    upsert: bool,
    /// Say what would happen, and change nothing
    #[arg(long)]
    dry_run: bool,
}

fn identifier_parser() -> impl TypedValueParser<Value = Identifier> {
    PossibleValuesParser::new(Identifier::ALL.map(Identifier::as_str))
        .map(|name| Identifier::parse(&name).expect("only these names are possible"))
}

impl Options {
    fn are_given(&self) -> bool {
        self.identifier.is_some() || self.upsert || self.dry_run
    }

    fn query(&self) -> Vec<(&'static str, String)> {
        let identifier = self
            .identifier
            .map(|it| ("identifier", it.as_str().to_owned()));
        let flags = [("upsert", self.upsert), ("dry_run", self.dry_run)];
        let flags = flags.into_iter().filter(|(_, is_set)| *is_set);
        identifier
            .into_iter()
            .chain(flags.map(|(name, _)| (name, "true".to_owned())))
            .collect()
    }

    /// The members that a JSON document still needs, each with a comma behind it. What the
    /// document says itself must agree.
    fn members(&self, own: &[(String, String)]) -> Result<String> {
        let identifier = self.identifier.map(|it| format!("\"{}\"", it.as_str()));
        let flag = |is_set: bool| is_set.then(|| "true".to_owned());
        let wanted = [
            ("identifier", identifier),
            ("upsert", flag(self.upsert)),
            ("dry_run", flag(self.dry_run)),
        ];
        let mut members = String::new();
        for (name, wanted) in wanted {
            let own = own
                .iter()
                .find(|(own, _)| own == name)
                .map(|(_, value)| value);
            match (own, wanted) {
                (Some(own), Some(wanted)) if *own != wanted => {
                    let own = output::printable(own);
                    bail!(
                        "the file says {name} {own} and the command line {wanted}; leave out the one that is wrong"
                    )
                }
                (None, Some(wanted)) => members.push_str(&format!("\"{name}\":{wanted},")),
                (None, None) if name == "identifier" => {
                    bail!(
                        "--identifier is missing: the attribute that finds an existing user, as in --identifier email"
                    )
                }
                _ => {}
            }
        }
        Ok(members)
    }
}

pub async fn run(args: SubmitArgs) -> Result<ExitCode> {
    let source = Source::open(&args).await?;
    let client = Client::new(&args.server)?;
    let sent = tokio::select! {
        sent = send::send(&client, &source, &args.options, args.idempotency_key.as_deref()) => sent?,
        _ = tokio::signal::ctrl_c() => {
            note("\nThe upload was stopped; what did not arrive whole is not imported.");
            return Ok(ExitCode::from(INTERRUPTED));
        }
    };
    if args.detach {
        output::line(&sent.read.id)?;
        return Ok(ExitCode::SUCCESS);
    }
    let task = client.task(&sent.read.id).await.unwrap_or(sent);
    follow::to_the_end(&client, task, args.form).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(upsert: bool) -> Options {
        Options {
            identifier: Some(Identifier::Email),
            upsert,
            dry_run: false,
        }
    }

    #[test]
    fn options_go_into_the_query_or_into_the_document() {
        assert_eq!(options(false).query(), [("identifier", "email".to_owned())]);
        assert_eq!(options(true).query().len(), 2);
        assert_eq!(
            options(true).members(&[]).unwrap(),
            "\"identifier\":\"email\",\"upsert\":true,"
        );
    }

    #[test]
    fn what_a_document_says_itself_stands_and_must_agree() {
        let own = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        assert_eq!(
            options(false)
                .members(&own("identifier", "\"email\""))
                .unwrap(),
            ""
        );
        assert_eq!(
            Options::default()
                .members(&own("identifier", "\"email\""))
                .unwrap(),
            ""
        );
        assert!(
            options(false)
                .members(&own("identifier", "\"phone_number\""))
                .is_err()
        );
        assert!(options(true).members(&own("upsert", "false")).is_err());
        assert!(Options::default().members(&[]).is_err());
    }
}
