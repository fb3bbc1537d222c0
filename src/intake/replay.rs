//! The same request again: told by its key and its digest, answered with the first task.

use super::Intake;
use super::answer::Answer;
use super::body::Body;
use super::request::{Format, Head};
use super::store::{self, Known};
use crate::seal::MasterKeys;
use crate::web;

/// What makes a request the same: its format, its effective options and its decoded bytes. The
/// options of a document are in its bytes.
pub struct Request(Vec<u8>);

impl Request {
    /// Of a body that was read to its end; nothing where it was not digested, for want of a key.
    pub fn of(head: &Head, body: &mut Body) -> Option<Self> {
        let head = match head.format {
            Format::Json => "json".to_owned(),
            Format::Lines(options) => format!("lines {options:?}"),
            Format::Csv(options) => format!("csv {options:?}"),
        };
        let decoded = body.take_digest()?;
        Some(Self([head.as_bytes(), b"\0", decoded.as_ref()].concat()))
    }

    /// As it is kept beside the key.
    pub fn digest(&self, keys: &MasterKeys, project: i32) -> Vec<u8> {
        keys.request_digest(project, &self.0)
    }

    fn is_that_of(&self, known: &Known, keys: &MasterKeys, project: i32) -> bool {
        keys.is_request_digest(project, &self.0, &known.digest)
    }
}

/// The answer to a request whose key another task holds; nothing where none does.
pub async fn answer_holder(
    intake: &Intake,
    project: i32,
    key: &str,
    request: &Request,
) -> Result<Option<Answer>, web::Error> {
    let Some(known) = holder(intake, project, key).await? else {
        return Ok(None);
    };
    if request.is_that_of(&known, &intake.master_keys, project) {
        Ok(Some(known.into()))
    } else {
        Err(web::Error::idempotency_key_reused())
    }
}

/// The same before the body is read, which then is read for its digest alone.
pub async fn answer_unread(
    intake: &Intake,
    project: i32,
    head: &Head,
    body: &mut Body,
) -> Result<Option<Answer>, web::Error> {
    let Some(key) = &head.idempotency_key else {
        return Ok(None);
    };
    if holder(intake, project, key).await?.is_none() {
        return Ok(None);
    }
    body.drain().await?;
    let request = Request::of(head, body).expect("the body of a request with a key is digested");
    match answer_holder(intake, project, key, &request).await? {
        Some(answer) => Ok(Some(answer)),
        None => Err(expired()),
    }
}

/// The first task was taken away while its request was sent again.
pub fn expired() -> web::Error {
    let message = "the task of this Idempotency-Key has just expired; nothing was imported, and a retry is safe";
    web::Error::unavailable(message, 1)
}

async fn holder(intake: &Intake, project: i32, key: &str) -> Result<Option<Known>, web::Error> {
    let client = intake.pool.get().await?;
    Ok(store::holder(&client, project, key).await?)
}
