//! The members that find a user, and the addresses below `mfa` that follow the same rules.

use super::Reader;
use crate::import::causes::At;
use crate::import::json::{self, Kind, Raw};
use crate::import::login_id::{self, Refused};
use crate::import::record::{Given, LoginId};
use crate::import::task::Identifier;

impl Reader<'_> {
    /// One of the four attributes that find a user; the task's identifier is never null.
    pub(super) fn login_id(&mut self, which: Identifier, at: &At<'_>, raw: Raw<'_>) {
        let read = if which == self.identifier && json::kind(raw) == Kind::Null {
            self.is_a(Kind::String, at, raw);
            Given::Absent
        } else {
            let settings = self.settings;
            self.normalised(at, raw, |text| login_id::normalise(which, text, settings))
        };
        *self.record.login_ids.get_mut(which) = read;
    }

    /// An address or number below `mfa`, which follows the rules of the login id of its type.
    pub(super) fn mfa_address(
        &mut self,
        which: Identifier,
        at: &At<'_>,
        raw: Raw<'_>,
    ) -> Given<String> {
        let settings = self.settings;
        match self.normalised(at, raw, |text| login_id::normalise(which, text, settings)) {
            Given::Value(LoginId { key, value }) => Given::Value(value.unwrap_or(key)),
            Given::Null => Given::Null,
            Given::Absent => Given::Absent,
        }
    }

    fn normalised(
        &mut self,
        at: &At<'_>,
        raw: Raw<'_>,
        normalise: impl FnOnce(&str) -> Result<LoginId, Refused>,
    ) -> Given<LoginId> {
        if !self.is_a_or_null(Kind::String, at, raw) {
            return Given::Absent;
        }
        if json::kind(raw) == Kind::Null {
            return Given::Null;
        }
        let text = json::text(raw);
        match normalise(&text) {
            Ok(login_id) => Given::Value(login_id),
            Err(refused) => {
                self.refuse(at, refused, &text);
                Given::Absent
            }
        }
    }
}
