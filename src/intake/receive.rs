//! From a request's head to its task: the steps, and what is said where one fails.

use serde_json::json;

use super::answer::Answer;
use super::body::Body;
use super::chunks::{self, Count, Setting};
use super::document::{self, Document};
use super::replay::{self, Request};
use super::request::{Format, Head};
use super::split::{Csv, Lines, Splitter};
use super::store::{self, Total};
use super::upload::{self, Opened, Unfinished, Upload};
use super::{Intake, read};
use crate::import::outcome::Cause;
use crate::import::task::Options;
use crate::web;

/// What became of a request that was answered with a task.
pub enum Received {
    Accepted(Answer),
    /// The task was there already.
    Replayed(Answer),
}

/// A request whose body is on its way.
pub struct Receiving<'a> {
    pub intake: &'a Intake,
    pub project: i32,
    pub head: Head,
}

impl Receiving<'_> {
    pub async fn receive(self, body: &mut Body) -> Result<Received, web::Error> {
        if let Some(answer) =
            replay::answer_unread(self.intake, self.project, &self.head, body).await?
        {
            return Ok(Received::Replayed(answer));
        }
        match self.head.format {
            Format::Json => self.document(body).await,
            Format::Lines(options) => {
                let splitter = Splitter::Lines(Lines::new(self.record_bytes_max()));
                self.stream(options, splitter, body).await
            }
            Format::Csv(options) => {
                let splitter = Splitter::Csv(Csv::new(self.record_bytes_max()));
                self.stream(options, splitter, body).await
            }
        }
    }

    async fn document(self, body: &mut Body) -> Result<Received, web::Error> {
        let mut held = self.intake.bodies.hold_nothing();
        let whole = document::read_whole(body, &mut held).await?;
        let request = Request::of(&self.head, body);
        let limits = document::Limits {
            record_bytes_max: self.intake.config.max_record_bytes,
            records_max: self.intake.config.max_task_records,
        };
        let read = tokio::task::spawn_blocking(move || Document::read(whole, limits));
        // A panic in there was logged by its hook.
        let document = read.await.map_err(|_| web::Error::unexpected())??;
        let Some(opened) = upload::open(self.intake, self.project, document.options).await? else {
            return self.replayed_or(request, too_many_tasks()).await;
        };
        let (upload, setting) = self.setting(opened);
        let count =
            chunks::stage(&upload, setting, |cutter| read::document(&document, cutter)).await?;
        self.finish(upload, count, request).await
    }

    async fn stream(
        self,
        options: Options,
        splitter: Splitter,
        body: &mut Body,
    ) -> Result<Received, web::Error> {
        let Some(opened) = upload::open(self.intake, self.project, options).await? else {
            // A twin may have been received since the key was looked up.
            let answer = replay::answer_unread(self.intake, self.project, &self.head, body).await?;
            return answer.map(Received::Replayed).ok_or_else(too_many_tasks);
        };
        let (upload, setting) = self.setting(opened);
        let count =
            chunks::stage(&upload, setting, |cutter| read::stream(body, splitter, cutter)).await?;
        let request = Request::of(&self.head, body);
        self.finish(upload, count, request).await
    }

    fn record_bytes_max(&self) -> usize {
        self.intake.config.max_record_bytes as usize
    }

    fn setting(&self, opened: Opened) -> (Upload, Setting) {
        let setting = Setting {
            key: opened.key,
            settings: opened.settings,
            room: self.intake.room.clone(),
            chunk_records: self.intake.config.chunk_records as usize,
            records_max: self.intake.config.max_task_records,
        };
        (opened.upload, setting)
    }

    async fn finish(
        self,
        mut upload: Upload,
        count: Count,
        request: Option<Request>,
    ) -> Result<Received, web::Error> {
        if count.records == 0 {
            return Err(no_record());
        }
        let total = Total {
            records: count.records as i64,
            chunks: count.chunks as i64,
            idempotency_key: self.head.idempotency_key.clone(),
            digest: request.as_ref().map(|it| it.digest(&self.intake.master_keys, self.project)),
        };
        match upload.finish(&total, self.intake.open_tasks_max()).await {
            Ok(()) => {
                self.intake.relay_poke.notify_one();
                Ok(Received::Accepted(Answer::of(&upload)))
            }
            Err(Unfinished::KeyHeld) => self.replayed_or(request, replay::expired()).await,
            Err(Unfinished::Refused) => {
                let refusal = self.why_refused(&upload).await?;
                self.replayed_or(request, refusal).await
            }
            Err(Unfinished::Failed(error)) => Err(error.into()),
            Err(Unfinished::Unknown) => Err(unknown(self.head.idempotency_key.is_some())),
        }
    }

    /// The task that holds the request's key, or else the refusal: a replay is never refused.
    async fn replayed_or(
        &self,
        request: Option<Request>,
        refusal: web::Error,
    ) -> Result<Received, web::Error> {
        let (Some(key), Some(request)) = (&self.head.idempotency_key, request) else {
            return Err(refusal);
        };
        let answer = replay::answer_holder(self.intake, self.project, key, &request).await?;
        answer.map(Received::Replayed).ok_or(refusal)
    }

    async fn why_refused(&self, upload: &Upload) -> Result<web::Error, web::Error> {
        let client = self.intake.pool.get().await?;
        let is_alive = store::touch(&client, upload.project, upload.task).await?;
        Ok(if is_alive { too_many_tasks() } else { given_up() })
    }
}

fn too_many_tasks() -> web::Error {
    web::Error::rate_limited(
        "the project has as many pending tasks as it may have; try again when one has ended",
        5,
    )
}

/// The janitor took it, or Postgres was away so long that it seemed dead.
pub fn given_up() -> web::Error {
    web::Error::unavailable("the upload was given up; nothing was imported, and a retry is safe", 1)
}

fn no_record() -> web::Error {
    let details = json!({"expected": 1, "actual": 0});
    let cause = Cause { location: String::new(), kind: "minItems", details };
    web::Error::validation("an import has at least one record", vec![cause], 0)
}

fn unknown(has_key: bool) -> web::Error {
    let message = if has_key {
        "the database went away at the last moment: it may have started; retry with the same Idempotency-Key"
    } else {
        "the database went away at the last moment: it may have started; look at the list of tasks before a \
         retry, and send an Idempotency-Key with the next import"
    };
    web::Error::unavailable(message, 5)
}
