//! Time zones, by the names of the IANA database.

use std::collections::HashSet;
use std::sync::LazyLock;

use jiff::tz::TimeZoneDatabase;

/// From the database that is compiled in, so that no machine's own copy decides.
static NAMES: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let names = TimeZoneDatabase::bundled();
    names
        .available()
        .map(|name| name.as_str().to_owned())
        .filter(|name| name.contains('/'))
        .collect()
});

/// The name of an IANA zone, or of a link to one, in the case that the database has it; with a
/// slash, for names without one (`EST`, `GB`) are kept only for old programs.
pub fn is_zone(text: &str) -> bool {
    NAMES.contains(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_of_the_database_pass() {
        for text in [
            "Asia/Hong_Kong",
            "Europe/Berlin",
            "Etc/UTC",
            "America/Argentina/Ushuaia",
            "Asia/Calcutta",
        ] {
            assert!(is_zone(text), "{text}");
        }
        for text in [
            "UTC",
            "GB",
            "europe/berlin",
            "Europe/Bonn",
            "Europe/",
            "/",
            "+01:00",
            "",
            "Etc/Unknown",
            "posix/Europe/Berlin",
        ] {
            assert!(!is_zone(text), "{text}");
        }
    }
}
