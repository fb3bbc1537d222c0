//! Why an attempt at a chunk did not commit.

use crate::{chunk, pg, seal};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Postgres(#[from] pg::Error),
    /// Another task took a login id, or changed a user, between probe and write.
    #[error("another task changed the same users at the same time")]
    Race,
    /// The fence holds, and yet the payload or its key cannot be opened.
    #[error("the payload cannot be opened: {0}")]
    Unopenable(#[from] chunk::Error),
    #[error("the task's key cannot be opened: {0}")]
    KeyUnopenable(#[from] seal::Error),
    /// A row of ours holds what this release never writes.
    #[error("a row holds what this release cannot read")]
    Damaged,
    #[error("the task has no key although it has not ended")]
    NoKey,
    /// The code panicked; where, the panic hook has logged.
    #[error("the chunk made the worker panic")]
    Panicked,
    #[error("the chunk did not finish within its deadline")]
    Deadline,
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error.into())
    }
}

impl From<deadpool_postgres::PoolError> for Error {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        Self::Postgres(error.into())
    }
}

impl From<crate::failpoint::Failed> for Error {
    fn from(failed: crate::failpoint::Failed) -> Self {
        Self::Postgres(failed.into())
    }
}
