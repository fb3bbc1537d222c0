//! The master keys: the first seals, all open.
//!
//! From each, keys of their own are derived by HKDF for each purpose, so that bytes sealed for
//! one never open as another. What is stored carries the id of the master key it needs.

use aws_lc_rs::hkdf;
use aws_lc_rs::hmac;
use uuid::Uuid;

use super::aead::{Aead, KEY_BYTES};
use super::parse::{Given, derived_id, parse};
use super::{Error, TaskKey};

/// Sealed bytes and the id of the master key that opens them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrapped {
    pub master_key_id: String,
    pub bytes: Vec<u8>,
}

/// At least one.
pub struct MasterKeys(Vec<MasterKey>);

struct MasterKey {
    id: String,
    /// The id that the same key has when it is given without one: a plain key that is given an
    /// id for its rotation still opens what it sealed before.
    derived_id: String,
    wrap: Aead,
    totp: Aead,
    digest: hmac::Key,
}

impl MasterKeys {
    /// Reads 32 bytes in base64, or `ID:KEY,ID:KEY`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Ok(Self(parse(text)?.iter().map(MasterKey::new).collect()))
    }

    /// The id of the key that seals.
    pub fn sealing_id(&self) -> &str {
        &self.sealing().id
    }

    /// The ids of all keys, the one that seals first.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|master| master.id.as_str())
    }

    /// The id, as it was given, of the key at hand that opens what names `master_key_id`.
    pub fn opener(&self, master_key_id: &str) -> Option<&str> {
        self.find(master_key_id).ok().map(|master| master.id.as_str())
    }

    /// Would bytes that need this master key be sealed by the first one already?
    pub fn is_sealing(&self, master_key_id: &str) -> bool {
        self.sealing().has(master_key_id)
    }

    /// Returns the task's key as only this task of this project can unwrap it.
    pub fn wrap(&self, project: i32, task: i64, key: &TaskKey) -> Wrapped {
        let master = self.sealing();
        let bytes = master.wrap.seal(&task_place(project, task), key.bytes());
        Wrapped { master_key_id: master.id.clone(), bytes }
    }

    pub fn unwrap_key(
        &self,
        project: i32,
        task: i64,
        master_key_id: &str,
        bytes: &[u8],
    ) -> Result<TaskKey, Error> {
        let master = self.find(master_key_id)?;
        let mut plain = master.wrap.open(&task_place(project, task), bytes)?;
        let key = plain.as_slice().try_into().map(TaskKey::from_bytes);
        plain.fill(0);
        std::hint::black_box(&plain);
        key.map_err(|_| Error::CannotOpen)
    }

    /// Returns a TOTP secret as only this user of this project can have it opened.
    pub fn seal_totp(&self, project: i32, user_id: Uuid, secret: &str) -> Wrapped {
        let master = self.sealing();
        let bytes = master.totp.seal(&user_place(project, user_id), secret.as_bytes());
        Wrapped { master_key_id: master.id.clone(), bytes }
    }

    pub fn open_totp(
        &self,
        project: i32,
        user_id: Uuid,
        master_key_id: &str,
        bytes: &[u8],
    ) -> Result<String, Error> {
        let plain = self.find(master_key_id)?.totp.open(&user_place(project, user_id), bytes)?;
        String::from_utf8(plain).map_err(|_| Error::CannotOpen)
    }

    /// An HMAC that tells the same request of a project from another, and tells nobody else
    /// anything: without the key a guessed request cannot be confirmed.
    pub fn request_digest(&self, project: i32, request: &[u8]) -> Vec<u8> {
        self.sealing().request_digest(project, request).as_ref().to_vec()
    }

    /// Was `digest` made of this request, under any of the keys?
    ///
    /// Under any, because a rotation between a request and its retry must not make it another.
    pub fn is_request_digest(&self, project: i32, request: &[u8], digest: &[u8]) -> bool {
        self.0.iter().any(|master| {
            let made = master.request_digest(project, request);
            aws_lc_rs::constant_time::verify_slices_are_equal(made.as_ref(), digest).is_ok()
        })
    }

    fn sealing(&self) -> &MasterKey {
        self.0.first().expect("parse gives at least one key")
    }

    fn find(&self, id: &str) -> Result<&MasterKey, Error> {
        let named = self.0.iter().find(|master| master.id == id);
        named
            .or_else(|| self.0.iter().find(|master| master.derived_id == id))
            .ok_or_else(|| Error::UnknownMasterKey(id.to_owned()))
    }
}

impl MasterKey {
    fn new(given: &Given) -> Self {
        let derived_id = derived_id(&given.key);
        Self {
            id: given.id.clone().unwrap_or_else(|| derived_id.clone()),
            derived_id,
            wrap: Aead::new(&derive(&given.key, b"task key")),
            totp: Aead::new(&derive(&given.key, b"totp secret")),
            digest: hmac::Key::new(hmac::HMAC_SHA256, &derive(&given.key, b"request digest")),
        }
    }

    fn has(&self, id: &str) -> bool {
        self.id == id || self.derived_id == id
    }

    fn request_digest(&self, project: i32, request: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.digest);
        context.update(&project.to_be_bytes());
        context.update(request);
        context.sign()
    }
}

impl std::fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|master| &master.id)).finish()
    }
}

fn derive(key: &[u8; KEY_BYTES], purpose: &[u8]) -> [u8; KEY_BYTES] {
    let mut derived = [0; KEY_BYTES];
    hkdf::Salt::new(hkdf::HKDF_SHA256, b"user-import v1")
        .extract(key)
        .expand(&[purpose], hkdf::HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut derived))
        .expect("SHA-256 expands to 32 bytes");
    derived
}

fn task_place(project: i32, task: i64) -> Vec<u8> {
    [project.to_be_bytes().as_slice(), &task.to_be_bytes()].concat()
}

fn user_place(project: i32, user_id: Uuid) -> Vec<u8> {
    [project.to_be_bytes().as_slice(), user_id.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    const NEW: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

    #[test]
    fn a_wrapped_key_opens_for_its_own_task_only() {
        let keys = MasterKeys::parse(OLD).unwrap();
        let key = TaskKey::generate();
        let sealed = key.seal(b"", b"secret");
        let wrapped = keys.wrap(1, 7, &key);
        let unwrap =
            |project, task| keys.unwrap_key(project, task, &wrapped.master_key_id, &wrapped.bytes);
        assert_eq!(unwrap(1, 7).unwrap().open(b"", &sealed).unwrap(), b"secret");
        assert_eq!(unwrap(2, 7).unwrap_err(), Error::CannotOpen);
        assert_eq!(unwrap(1, 8).unwrap_err(), Error::CannotOpen);
    }

    #[test]
    fn a_rotation_opens_what_the_plain_key_sealed() {
        let before = MasterKeys::parse(OLD).unwrap();
        let user = Uuid::from_u128(7);
        let sealed = before.seal_totp(1, user, "JBSWY3DP");
        let digest = before.request_digest(1, b"request");

        let during = MasterKeys::parse(&format!("new:{NEW},old:{OLD}")).unwrap();
        let opened = during.open_totp(1, user, &sealed.master_key_id, &sealed.bytes);
        assert_eq!(opened.unwrap(), "JBSWY3DP");
        assert!(during.is_request_digest(1, b"request", &digest));
        assert!(!during.is_sealing(&sealed.master_key_id));
        assert_eq!(during.opener(&sealed.master_key_id), Some("old"));
        assert_eq!(during.opener("lost"), None);
        assert_eq!(during.ids().collect::<Vec<_>>(), ["new", "old"]);
        assert_eq!(during.sealing_id(), "new");

        let after = MasterKeys::parse(&format!("new:{NEW}")).unwrap();
        let opened = after.open_totp(1, user, &sealed.master_key_id, &sealed.bytes);
        assert_eq!(opened.unwrap_err(), Error::UnknownMasterKey(sealed.master_key_id));
    }

    #[test]
    fn a_totp_secret_opens_for_its_own_user_only() {
        let keys = MasterKeys::parse(OLD).unwrap();
        let sealed = keys.seal_totp(1, Uuid::from_u128(7), "JBSWY3DP");
        for (project, user) in [(2, 7), (1, 8)] {
            let opened = keys.open_totp(
                project,
                Uuid::from_u128(user),
                &sealed.master_key_id,
                &sealed.bytes,
            );
            assert_eq!(opened, Err(Error::CannotOpen));
        }
    }

    #[test]
    fn a_digest_tells_requests_and_projects_apart() {
        let keys = MasterKeys::parse(OLD).unwrap();
        let digest = keys.request_digest(1, b"request");
        assert!(keys.is_request_digest(1, b"request", &digest));
        assert!(!keys.is_request_digest(2, b"request", &digest));
        assert!(!keys.is_request_digest(1, b"another", &digest));
    }
}
