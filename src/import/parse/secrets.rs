//! `password` and `mfa`. Below them no cause names an unknown member or says what stood there.

use super::Reader;
use crate::import::causes::At;
use crate::import::json::{Member, Raw};
use crate::import::password;
use crate::import::record::{Password, PasswordKind, Secret};
use crate::import::task::Identifier;

impl Reader<'_> {
    pub(super) fn password(
        &mut self,
        at: &At<'_>,
        member: &Member<'_>,
        hash_location: &'static str,
    ) -> Option<Password> {
        let members = self.object(at, member)?;
        self.require(at, members, &["type", "password_hash"]);
        let (mut kind, mut hash, mut expire_after) = (None, None, None);
        for member in members {
            let at = &at.member(&member.name);
            match &*member.name {
                "type" => kind = self.password_kind(at, member.value),
                "password_hash" => hash = self.string(at, member.value),
                "expire_after" => expire_after = self.time(at, member.value),
                _ => self.causes.unknown(at),
            }
        }
        let (kind, hash) = (kind?, hash?);
        let is_sound = match kind {
            PasswordKind::Bcrypt => password::is_bcrypt(&hash),
        };
        if !is_sound {
            self.broken_hashes.push(hash_location);
        }
        Some(Password { kind, hash: Secret(hash.into_owned()), expire_after })
    }

    fn password_kind(&mut self, at: &At<'_>, raw: Raw<'_>) -> Option<PasswordKind> {
        let text = self.string(at, raw)?;
        let kind = PasswordKind::parse(&text);
        if kind.is_none() {
            self.causes.not_one_of(at, &[PasswordKind::Bcrypt.as_str()], &text);
        }
        kind
    }

    pub(super) fn mfa(&mut self, at: &At<'_>, member: &Member<'_>) {
        for member in self.object(at, member).unwrap_or_default() {
            let at = &at.member(&member.name);
            let raw = member.value;
            match &*member.name {
                "email" => self.record.mfa.email = self.mfa_address(Identifier::Email, at, raw),
                "phone_number" => {
                    self.record.mfa.phone_number =
                        self.mfa_address(Identifier::PhoneNumber, at, raw);
                }
                "password" => {
                    self.record.mfa.password =
                        self.password(at, member, "/mfa/password/password_hash");
                }
                "totp" => self.record.mfa.totp_secret = self.totp(at, member),
                _ => self.causes.unknown(at),
            }
        }
    }

    fn totp(&mut self, at: &At<'_>, member: &Member<'_>) -> Option<Secret> {
        let members = self.object(at, member)?;
        self.require(at, members, &["secret"]);
        let mut secret = None;
        for member in members {
            let at = &at.member(&member.name);
            match &*member.name {
                "secret" => secret = self.totp_secret(at, member.value),
                _ => self.causes.unknown(at),
            }
        }
        secret
    }

    fn totp_secret(&mut self, at: &At<'_>, raw: Raw<'_>) -> Option<Secret> {
        let text = self.string(at, raw)?;
        match password::totp_secret(&text) {
            Ok(secret) => Some(Secret(secret)),
            Err(refused) => {
                self.refuse(at, refused, &text);
                None
            }
        }
    }

    fn require(&mut self, at: &At<'_>, members: &[Member<'_>], names: &[&'static str]) {
        let is_missing = |name: &&&str| members.iter().all(|member| member.name != **name);
        let missing: Vec<_> = names.iter().filter(is_missing).copied().collect();
        if !missing.is_empty() {
            self.causes.required(at, &missing);
        }
    }
}
