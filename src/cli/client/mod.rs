//! The HTTP client behind every command that talks to the API.
//!
//! Every wait has an end: connecting, reading, and an upload that does not move. Redirects are not
//! followed, for they would carry the token elsewhere. Errors are sentences, and say whether the
//! same request may succeed later.

mod credentials;
mod error;
mod events;
mod task;

pub use error::ClientError;
pub use task::{Task, done};

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, Url};
use serde::de::DeserializeOwned;

use credentials::Credentials;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Between two pieces of an answer; the server itself gives up a stalled stream in 30 s.
const READ_TIMEOUT: Duration = Duration::from_mins(1);

/// A peer that vanished without a word is noticed after about this.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// Which server, and as whom.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Server")]
pub struct ServerArgs {
    /// Where the API is
    #[arg(long, env = "USER_IMPORT_URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// An Admin API token, as `user-import token` prints it
    #[arg(long, env = "USER_IMPORT_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Instead of a token: the project to act as, with its key file
    #[arg(long, env = "USER_IMPORT_PROJECT")]
    project: Option<String>,
    /// The private key that `project create` wrote
    #[arg(long, value_name = "FILE", env = "USER_IMPORT_KEY_FILE")]
    key_file: Option<PathBuf>,
}

pub struct Client {
    http: reqwest::Client,
    /// Without a read timeout, for that would run while a large body is still being sent.
    uploads: reqwest::Client,
    base: Url,
    credentials: Credentials,
}

impl Client {
    pub fn new(args: &ServerArgs) -> Result<Self> {
        let base = base(&args.url)?;
        let builder = || {
            let builder = reqwest::Client::builder()
                .user_agent(concat!("user-import/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(CONNECT_TIMEOUT)
                .tcp_keepalive(KEEPALIVE)
                .redirect(reqwest::redirect::Policy::none());
            // A proxy cannot reach this machine's own loopback.
            if is_loopback(&base) { builder.no_proxy() } else { builder }
        };
        Ok(Self {
            http: builder().read_timeout(READ_TIMEOUT).build()?,
            uploads: builder().build()?,
            credentials: Credentials::new(args)?,
            base,
        })
    }

    /// The answer to a request without a body, as JSON.
    pub async fn json<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<T> {
        json(self.answer(method, path, query).await?).await
    }

    /// The answer to a request without a body, still to be read.
    pub async fn answer(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Response> {
        let request = self.http.request(method, self.url(path, query));
        Ok(send(self.signed(request)?).await?)
    }

    pub async fn task(&self, id: &str) -> Result<Task> {
        let query = [("details", "none".to_owned())];
        Task::read(self.json(Method::GET, &task_path(id)?, &query).await?)
    }

    /// A POST whose body is a stream; the caller sees to it that it moves.
    pub fn upload(&self, query: &[(&str, String)]) -> Result<RequestBuilder> {
        self.signed(self.uploads.post(self.url(TASKS, query)))
    }

    fn url(&self, path: &str, query: &[(&str, String)]) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path().trim_end_matches('/')));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url
    }

    /// Signed anew each time: a token that was made at the start of a long import is old at its
    /// end.
    fn signed(&self, request: RequestBuilder) -> Result<RequestBuilder> {
        let text = format!("Bearer {}", self.credentials.token()?);
        let mut value = HeaderValue::try_from(text).context("USER_IMPORT_TOKEN is no token")?;
        value.set_sensitive(true);
        Ok(request.header(AUTHORIZATION, value))
    }
}

pub const TASKS: &str = "/_api/admin/users/import";

/// The path of a task. What is no id is refused here: as part of a path it would mean another.
pub fn task_path(id: &str) -> Result<String> {
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        bail!(
            "`{}` is no task id; it looks like task_4WZ0V7EPT4GZ2ABVN03QXYZ122W835C1",
            super::output::printable(id)
        );
    }
    Ok(format!("{TASKS}/{id}"))
}

/// Sends, and reads an answer that is no success as an error.
pub async fn send(request: RequestBuilder) -> Result<Response, ClientError> {
    let answer = request.send().await.map_err(|error| ClientError::sending(&error))?;
    if answer.status().is_success() { Ok(answer) } else { Err(ClientError::refused(answer).await) }
}

/// The body of an answer, read as JSON.
pub async fn json<T: DeserializeOwned>(answer: Response) -> Result<T> {
    let bytes = answer.bytes().await.map_err(|error| ClientError::broken(&error))?;
    serde_json::from_slice(&bytes)
        .context("the answer is not what a user-import API gives; is USER_IMPORT_URL right?")
}

fn base(url: &str) -> Result<Url> {
    let example = "it looks like http://127.0.0.1:8080";
    let base =
        Url::parse(url).with_context(|| format!("USER_IMPORT_URL cannot be read ({example})"))?;
    if !matches!(base.scheme(), "http" | "https") || base.query().is_some() {
        bail!("USER_IMPORT_URL is no address of a server; {example}");
    }
    Ok(base)
}

fn is_loopback(base: &Url) -> bool {
    let host = base.host_str().unwrap_or_default();
    host == "localhost" || host == "[::1]" || host.starts_with("127.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_task_id_never_becomes_part_of_a_path() {
        assert!(task_path("task_4WZ0V7EPT4GZ2ABVN03QXYZ122W835C1").is_ok());
        for wrong in ["", "../..", "task/1", "task?x", "a b", "täsk"] {
            assert!(task_path(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_the_address_of_a_server_is_taken() {
        assert!(base("https://imports.example.com/behind/a/path").is_ok());
        for wrong in ["127.0.0.1:8080", "ftp://h", "http://h?x=1", ""] {
            assert!(base(wrong).is_err(), "{wrong}");
        }
    }
}
