//! What is done about an attempt that failed: one pure function.

use super::Error;
use super::way::is_login_id;
use crate::pg::Class;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// Try again at once, with a little jitter: a race is lost by one of two and won by the other.
    Quickly,
    /// Keep the delivery and try again after a growing pause. Nothing is counted.
    Later,
    /// The schema is not what this release expects: as [`Self::Later`], and an operator is told.
    WrongSchema,
    /// The database refuses the data: cut the chunk in two, down to the one record.
    Split,
    /// The chunk may be what ended it: counted, and cut after too many.
    Suspect,
    /// To the dead letters; the chunk's lease brings it back.
    Reject,
}

/// Races that are tried quickly before they are treated as transient: two tasks that keep
/// meeting are better off apart.
const QUICK_RACES: u32 = 5;

/// `races` is how many races this delivery has lost, this one included.
pub fn of(error: &Error, races: u32) -> Disposition {
    match error {
        Error::Race if races <= QUICK_RACES => Disposition::Quickly,
        Error::Race => Disposition::Later,
        Error::Unopenable(_) | Error::KeyUnopenable(_) | Error::Damaged | Error::NoKey => {
            Disposition::Reject
        }
        Error::Panicked | Error::Deadline => Disposition::Suspect,
        Error::Postgres(error) => match error.class() {
            Class::Transient => Disposition::Later,
            Class::UniqueViolation if is_login_id(error.constraint()) && races <= QUICK_RACES => {
                Disposition::Quickly
            }
            Class::UniqueViolation if is_login_id(error.constraint()) => Disposition::Later,
            Class::UniqueViolation | Class::Refused => Disposition::Split,
            Class::WrongSchema => Disposition::WrongSchema,
            Class::TimedOut | Class::Other => Disposition::Suspect,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_has_its_disposition() {
        for (error, races, expected) in [
            (Error::Race, 1, Disposition::Quickly),
            (Error::Race, QUICK_RACES, Disposition::Quickly),
            (Error::Race, QUICK_RACES + 1, Disposition::Later),
            (Error::NoKey, 1, Disposition::Reject),
            (Error::Damaged, 1, Disposition::Reject),
            (Error::Panicked, 1, Disposition::Suspect),
            (Error::Deadline, 1, Disposition::Suspect),
        ] {
            assert_eq!(of(&error, races), expected, "{error}");
        }
    }
}
