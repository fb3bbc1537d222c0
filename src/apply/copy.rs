//! New users as the rows of a binary `COPY`, and the copying.
//!
//! Made on the threads that compute, so that the one which serves the connection only sends.

use std::borrow::Cow;
use std::cell::Cell;
use std::ops::Range;

use bytes::{BufMut, Bytes, BytesMut};
use compact_str::CompactString;
use futures_util::SinkExt;
use jiff::Timestamp;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use super::Error;
use super::literal::write_object;
use crate::import::record::{LoginId, PerIdentifier, Secret};
use crate::import::user::{SecretMark, Secrets, User};
use crate::pg::Transaction;
use crate::seal::MasterKeys;

/// Rows of `directory_user` and `user_secret` for users that do not exist, as `COPY` is sent them;
/// none is no rows.
#[derive(Default)]
pub struct Rows {
    users: Bytes,
    secrets: Bytes,
}

/// Writes rows in any order, and gives them out by their login ids: whatever the identifier, so
/// that two tasks that insert the same users lock alike.
pub struct RowsWriter {
    users: BytesMut,
    secrets: BytesMut,
    written: Vec<Written>,
}

/// Where one user's rows stand.
struct Written {
    login_ids: PerIdentifier<Option<LoginId>>,
    user: Range<usize>,
    /// Empty where it has no secret.
    secrets: Range<usize>,
}

thread_local! {
    /// The memory of a thread's last rows, for its next.
    static ROWS: Cell<(BytesMut, BytesMut)> = Cell::default();
}

/// The format's signature, no flags and no header extension.
const HEADER: &[u8; 19] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

const USERS: &str = "COPY directory_user (project, id, \
    email_key, email_value, email_verified, \
    phone_number_key, phone_number_value, phone_number_verified, \
    preferred_username_key, preferred_username_value, external_id_key, external_id_value, \
    attributes, custom_attributes, roles, groups, \
    disabled, account_valid_from, account_valid_until, mfa_email, mfa_phone_number, \
    password_type, password_expire_after, mfa_password_type, mfa_password_expire_after, has_totp) \
    FROM STDIN BINARY";
const USER_COLUMNS: i16 = 26;

const SECRETS: &str = "COPY user_secret (project, user_id, password_hash, mfa_password_hash, \
    totp_secret, totp_key_id) FROM STDIN BINARY";
const SECRET_COLUMNS: i16 = 6;

impl RowsWriter {
    /// With room for so many users that came of so many bytes of JSON.
    pub fn with_capacity(users: usize, bytes: usize) -> Self {
        // Lengths and nulls take 150 bytes a row, which the names of JSON's members outweigh.
        let (mut rows, mut secrets) = ROWS.take();
        rows.reserve(bytes);
        secrets.reserve(users * 128);
        Self { users: rows, secrets, written: Vec::with_capacity(users) }
    }

    pub fn push(&mut self, keys: &MasterKeys, project: i32, user: User, secrets: &Secrets) {
        let begin = (self.users.len(), self.secrets.len());
        self.push_user(project, &user);
        self.push_secrets(keys, project, user.id, secrets);
        self.written.push(Written {
            login_ids: user.login_ids,
            user: begin.0..self.users.len(),
            secrets: begin.1..self.secrets.len(),
        });
    }

    /// Takes the user apart, so that a new field cannot be forgotten.
    fn push_user(&mut self, project: i32, user: &User) {
        let User {
            id,
            version: _,
            login_ids: PerIdentifier { email, phone_number, preferred_username, external_id },
            email_verified,
            phone_number_verified,
            attributes,
            custom_attributes,
            roles,
            groups,
            disabled,
            account_valid_from,
            account_valid_until,
            mfa_email,
            mfa_phone_number,
            password,
            mfa_password,
            has_totp,
        } = user;
        let row = columns(&mut self.users, USER_COLUMNS);
        row.put_i32(4);
        row.put_i32(project);
        put_bytes(row, Some(id.as_bytes()));
        put_login_id(row, email.as_ref());
        put_bool(row, *email_verified);
        put_login_id(row, phone_number.as_ref());
        put_bool(row, *phone_number_verified);
        put_login_id(row, preferred_username.as_ref());
        put_login_id(row, external_id.as_ref());
        put_object(row, attributes);
        put_object(row, custom_attributes);
        put_texts(row, roles);
        put_texts(row, groups);
        put_bool(row, *disabled);
        put_time(row, *account_valid_from);
        put_time(row, *account_valid_until);
        put_text(row, mfa_email.as_deref());
        put_text(row, mfa_phone_number.as_deref());
        put_mark(row, password.as_ref());
        put_mark(row, mfa_password.as_ref());
        put_bool(row, *has_totp);
    }

    fn push_secrets(&mut self, keys: &MasterKeys, project: i32, user_id: Uuid, secrets: &Secrets) {
        let Secrets { password_hash, mfa_password_hash, totp_secret } = secrets;
        if password_hash.is_none() && mfa_password_hash.is_none() && totp_secret.is_none() {
            return;
        }
        let sealed =
            totp_secret.as_ref().map(|Secret(secret)| keys.seal_totp(project, user_id, secret));
        let row = columns(&mut self.secrets, SECRET_COLUMNS);
        row.put_i32(4);
        row.put_i32(project);
        put_bytes(row, Some(user_id.as_bytes()));
        put_text(row, password_hash.as_ref().map(|Secret(hash)| hash.as_str()));
        put_text(row, mfa_password_hash.as_ref().map(|Secret(hash)| hash.as_str()));
        put_bytes(row, sealed.as_ref().map(|sealed| sealed.bytes.as_slice()));
        put_text(row, sealed.as_ref().map(|sealed| sealed.master_key_id.as_str()));
    }

    pub fn finish(mut self) -> Rows {
        self.written.sort_unstable_by(|a, b| a.keys().cmp(&b.keys()));
        let rows = Rows {
            users: whole(&self.users, self.written.iter().map(|row| &row.user)),
            secrets: whole(&self.secrets, self.written.iter().map(|row| &row.secrets)),
        };
        self.users.clear();
        self.secrets.clear();
        if self.users.capacity() + self.secrets.capacity() <= ROWS_BYTES_KEPT {
            ROWS.set((self.users, self.secrets));
        }
        rows
    }
}

/// What a thread keeps of its buffers: they fit the rows of a chunk as intake cuts it.
const ROWS_BYTES_KEPT: usize = 4 << 20;

impl Written {
    fn keys(&self) -> [Option<&str>; 4] {
        let PerIdentifier { email, phone_number, preferred_username, external_id } =
            &self.login_ids;
        [email, phone_number, preferred_username, external_id]
            .map(|id| id.as_ref().map(|id| id.key.as_str()))
    }
}

/// The rows in this order as `COPY` is sent them.
fn whole<'a>(rows: &[u8], order: impl Iterator<Item = &'a Range<usize>>) -> Bytes {
    if rows.is_empty() {
        return Bytes::new();
    }
    let mut data = BytesMut::with_capacity(HEADER.len() + rows.len() + 2);
    data.put_slice(HEADER);
    for row in order {
        data.put_slice(&rows[row.clone()]);
    }
    // The trailer: a row of -1 columns.
    data.put_i16(-1);
    data.freeze()
}

impl Rows {
    /// Copies both tables. A login id that is taken is a unique violation, and nothing is there.
    pub async fn copy(&self, client: &Transaction<'_>) -> Result<(), Error> {
        copy(client, USERS, &self.users).await?;
        copy(client, SECRETS, &self.secrets).await
    }
}

async fn copy(client: &Transaction<'_>, statement: &str, rows: &Bytes) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    let statement = client.prepare_cached(statement).await?;
    let sink = client.copy_in::<_, Bytes>(&statement).await?;
    let mut sink = std::pin::pin!(sink);
    sink.feed(rows.clone()).await?;
    sink.finish().await?;
    Ok(())
}

/// Begins a row.
fn columns(rows: &mut BytesMut, columns: i16) -> &mut BytesMut {
    rows.put_i16(columns);
    rows
}

fn put_null(row: &mut BytesMut) {
    row.put_i32(-1);
}

fn put_bytes(row: &mut BytesMut, bytes: Option<&[u8]>) {
    match bytes {
        None => put_null(row),
        Some(bytes) => {
            row.put_i32(bytes.len() as i32);
            row.put_slice(bytes);
        }
    }
}

fn put_text(row: &mut BytesMut, text: Option<&str>) {
    put_bytes(row, text.map(str::as_bytes));
}

fn put_bool(row: &mut BytesMut, value: bool) {
    row.put_i32(1);
    row.put_u8(u8::from(value));
}

fn put_login_id(row: &mut BytesMut, login_id: Option<&LoginId>) {
    put_text(row, login_id.map(|login_id| login_id.key.as_str()));
    put_text(row, login_id.and_then(|login_id| login_id.value.as_deref()));
}

fn put_mark(row: &mut BytesMut, mark: Option<&SecretMark>) {
    put_text(row, mark.map(|mark| mark.kind.as_str()));
    put_time(row, mark.and_then(|mark| mark.expire_after));
}

fn put_time(row: &mut BytesMut, time: Option<Timestamp>) {
    let Some(time) = time else { return put_null(row) };
    row.put_i32(8);
    time.to_sql(&Type::TIMESTAMPTZ, row).expect("a time that was read is one that Postgres holds");
}

fn put_object(row: &mut BytesMut, members: &[(Cow<'static, str>, CompactString)]) {
    if members.is_empty() {
        return put_null(row);
    }
    put_sized(row, |row| write_object(members, row));
}

/// An array of texts, one-dimensional.
fn put_texts(row: &mut BytesMut, texts: &[String]) {
    put_sized(row, |row| {
        row.put_i32(i32::from(!texts.is_empty()));
        row.put_i32(0);
        row.put_u32(Type::TEXT.oid());
        if !texts.is_empty() {
            row.put_i32(texts.len() as i32);
            row.put_i32(1);
        }
        for text in texts {
            put_text(row, Some(text));
        }
    });
}

/// A field whose length is known once it is written.
fn put_sized(row: &mut BytesMut, write: impl FnOnce(&mut BytesMut)) {
    let at = row.len();
    row.put_i32(0);
    write(row);
    let length = (row.len() - at - 4) as i32;
    row[at..at + 4].copy_from_slice(&length.to_be_bytes());
}
