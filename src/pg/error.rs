//! What went wrong in Postgres, and what that means for whoever asked.
//!
//! The texts of Postgres carry key values and cells in DETAIL and CONTEXT. None of it leaves
//! this module: what is shown is the SQLSTATE and the constraint's name.

use std::fmt;

use tokio_postgres::error::SqlState;

/// An error of Postgres, of the way to it, or of the pool. Its `Display` holds no datum.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// SQLSTATE and, where there is one, the constraint.
    Database { state: SqlState, constraint: Option<String> },
    /// The connection is gone, or never came.
    Unreachable(&'static str),
    /// No connection of the pool came free in time.
    PoolBusy,
    /// What we asked does not fit what Postgres answered: our own mistake.
    Mismatch(String),
}

/// What whoever asked is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The same call is expected to succeed later.
    Transient,
    /// A row with the same key is there.
    UniqueViolation,
    /// The database refuses the data itself.
    Refused,
    /// A statement ran into its time limit.
    TimedOut,
    /// Tables or columns are not what this release expects.
    WrongSchema,
    /// Something else: a mistake of ours, or a server that is broken.
    Other,
}

impl Error {
    pub fn class(&self) -> Class {
        match &self.kind {
            Kind::Unreachable(_) | Kind::PoolBusy => Class::Transient,
            Kind::Mismatch(_) => Class::Other,
            Kind::Database { state, .. } => class_of(state.code()),
        }
    }

    /// Would the same call, unchanged, be expected to succeed later?
    ///
    /// Errs towards yes: a wrong yes costs a retry, a wrong no costs somebody's users.
    pub fn is_transient(&self) -> bool {
        self.class() == Class::Transient
    }

    /// The name of the constraint that was broken.
    pub fn constraint(&self) -> Option<&str> {
        match &self.kind {
            Kind::Database { constraint, .. } => constraint.as_deref(),
            _ => None,
        }
    }

    pub fn sqlstate(&self) -> Option<&str> {
        match &self.kind {
            Kind::Database { state, .. } => Some(state.code()),
            _ => None,
        }
    }
}

fn class_of(state: &str) -> Class {
    match state {
        "23505" => Class::UniqueViolation,
        "57014" => Class::TimedOut,
        // Serialization failure, deadlock, lock timeout, read-only (a standby, or a full disk).
        "40001" | "40P01" | "55P03" | "25006" | "25P03" | "55006" => Class::Transient,
        _ => match &state[..2] {
            // Connection trouble, no resources, an operator's doing, an I/O error.
            "08" | "53" | "57" | "58" => Class::Transient,
            "22" | "23" | "54" => Class::Refused,
            "42" | "3F" => Class::WrongSchema,
            _ => Class::Other,
        },
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Database { state, constraint: Some(name) } => {
                write!(f, "Postgres refused with SQLSTATE {} ({name})", state.code())
            }
            Kind::Database { state, .. } => {
                write!(f, "Postgres refused with SQLSTATE {}", state.code())
            }
            Kind::Unreachable(how) => write!(f, "Postgres cannot be reached ({how})"),
            Kind::PoolBusy => f.write_str("every connection to Postgres is busy"),
            Kind::Mismatch(what) => write!(f, "Postgres and this program disagree: {what}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        let kind = match error.as_db_error() {
            Some(db) => Kind::Database {
                state: db.code().clone(),
                constraint: db.constraint().map(str::to_owned),
            },
            // The driver has no code for a broken socket and for our own type mistakes alike.
            None if error.is_closed() => Kind::Unreachable("the connection was closed"),
            None => match io_cause(&error) {
                Some(kind) => Kind::Unreachable(io_word(kind)),
                None if is_connect(&error) => Kind::Unreachable("connecting failed"),
                None => Kind::Mismatch(error.to_string()),
            },
        };
        Self { kind }
    }
}

impl From<deadpool_postgres::PoolError> for Error {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        use deadpool_postgres::{PoolError, TimeoutType};
        match error {
            PoolError::Backend(error) => error.into(),
            PoolError::Timeout(TimeoutType::Wait) => {
                crate::metrics::pool_timeouts(1);
                Self { kind: Kind::PoolBusy }
            }
            PoolError::Timeout(_) => Self { kind: Kind::Unreachable("it did not answer in time") },
            PoolError::Closed | PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
                Self { kind: Kind::Unreachable("the pool is closed") }
            }
        }
    }
}

impl From<crate::failpoint::Failed> for Error {
    fn from(_: crate::failpoint::Failed) -> Self {
        Self { kind: Kind::Unreachable("a failpoint") }
    }
}

fn io_cause(error: &tokio_postgres::Error) -> Option<std::io::ErrorKind> {
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            return Some(io.kind());
        }
        source = inner.source();
    }
    None
}

// The driver keeps its kinds private; while connecting, its text is all that tells.
fn is_connect(error: &tokio_postgres::Error) -> bool {
    let text = error.to_string();
    text.starts_with("error connecting")
        || text.starts_with("error performing TLS")
        || text.starts_with("timeout")
        || text.starts_with("authentication error")
        || text.starts_with("invalid configuration")
}

fn io_word(kind: std::io::ErrorKind) -> &'static str {
    use std::io::ErrorKind;
    match kind {
        ErrorKind::ConnectionRefused => "nothing listens there",
        ErrorKind::TimedOut => "it did not answer in time",
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof => {
            "the connection broke"
        }
        _ => "the network failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sqlstate_has_its_class() {
        for (state, class) in [
            ("23505", Class::UniqueViolation),
            ("40001", Class::Transient),
            ("40P01", Class::Transient),
            ("53100", Class::Transient),
            ("53300", Class::Transient),
            ("57P01", Class::Transient),
            ("57014", Class::TimedOut),
            ("25006", Class::Transient),
            ("55P03", Class::Transient),
            ("22021", Class::Refused),
            ("23514", Class::Refused),
            ("54000", Class::Refused),
            ("42P01", Class::WrongSchema),
            ("3F000", Class::WrongSchema),
            ("XX000", Class::Other),
        ] {
            assert_eq!(class_of(state), class, "{state}");
        }
    }
}
