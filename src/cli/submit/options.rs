//! How the records are meant, as a query or as members of a JSON document.

use anyhow::Result;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::cli::Usage;
use crate::cli::output::printable;
use crate::import::task::Identifier;

#[derive(Debug, Clone, Default, clap::Args)]
pub struct Options {
    /// The attribute that finds an existing user
    #[arg(long, value_parser = identifier_parser())]
    pub identifier: Option<Identifier>,
    /// Update users that exist, instead of skipping them
    #[arg(long)]
    pub upsert: bool,
    /// Say what would happen, and change nothing
    #[arg(long)]
    pub dry_run: bool,
}

fn identifier_parser() -> impl TypedValueParser<Value = Identifier> {
    PossibleValuesParser::new(Identifier::ALL.map(Identifier::as_str))
        .map(|name| Identifier::parse(&name).expect("only these names are possible"))
}

pub fn missing_identifier() -> anyhow::Error {
    let sentence = "--identifier is missing: the attribute that finds an existing user, as in \
                    --identifier email";
    Usage(sentence.to_owned()).into()
}

impl Options {
    pub fn are_given(&self) -> bool {
        self.identifier.is_some() || self.upsert || self.dry_run
    }

    pub fn query(&self) -> Vec<(&'static str, String)> {
        let identifier = self.identifier.map(|it| ("identifier", it.as_str().to_owned()));
        let flags = [("upsert", self.upsert), ("dry_run", self.dry_run)];
        let flags = flags.into_iter().filter(|(_, is_set)| *is_set);
        identifier.into_iter().chain(flags.map(|(name, _)| (name, "true".to_owned()))).collect()
    }

    /// The members that a JSON document still needs, each with a comma behind it. What the
    /// document says itself must agree.
    pub fn members(&self, own: &[(String, String)]) -> Result<String> {
        let identifier = self.identifier.map(|it| format!("\"{}\"", it.as_str()));
        let flag = |is_set: bool| is_set.then(|| "true".to_owned());
        let wanted = [
            ("identifier", identifier),
            ("upsert", flag(self.upsert)),
            ("dry_run", flag(self.dry_run)),
        ];
        let mut members = Vec::new();
        for (name, wanted) in wanted {
            let own = own.iter().find(|(own, _)| own == name).map(|(_, value)| value);
            match (own, wanted) {
                (Some(own), Some(wanted)) if *own != wanted => {
                    return Err(disagreement(name, own, &wanted).into());
                }
                (None, Some(wanted)) => members.push(format!("\"{name}\":{wanted},")),
                (None, None) if name == "identifier" => return Err(missing_identifier()),
                _ => {}
            }
        }
        Ok(members.concat())
    }
}

fn disagreement(name: &str, own: &str, wanted: &str) -> Usage {
    let own = printable(own);
    Usage(format!(
        "the file says {name} {own} and the command line {wanted}; leave out the wrong one"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(upsert: bool) -> Options {
        Options { identifier: Some(Identifier::Email), upsert, dry_run: false }
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
        assert_eq!(options(false).members(&own("identifier", "\"email\"")).unwrap(), "");
        assert_eq!(Options::default().members(&own("identifier", "\"email\"")).unwrap(), "");
        assert!(options(false).members(&own("identifier", "\"phone_number\"")).is_err());
        assert!(options(true).members(&own("upsert", "false")).is_err());
        assert!(Options::default().members(&[]).is_err());
    }
}
