//! Hands the records of a body to the cutter.

use super::body::Body;
use super::chunks::{Count, Cutter};
use super::document::Document;
use super::split::{self, Splitter};
use crate::chunk::{Entry, Kind};
use crate::web;

pub async fn document(document: &Document, mut cutter: Cutter) -> Result<Count, web::Error> {
    for record in document.records() {
        let entry = Entry { line: 0, shares_with_earlier_chunk: false, kind: Kind::Json(record) };
        if cutter.push(&entry)? {
            cutter.send().await;
        }
    }
    Ok(cutter.end().await)
}

pub async fn stream(
    body: &mut Body,
    mut splitter: Splitter,
    mut cutter: Cutter,
) -> Result<Count, web::Error> {
    loop {
        let mut piece = body.piece().await?;
        if piece.is_empty() {
            break;
        }
        while let Some(entry) = splitter.next(&mut piece).map_err(|error| refusal(&error))? {
            if cutter.push(&entry)? {
                cutter.send().await;
            }
        }
    }
    if let Some(entry) = splitter.end().map_err(|error| refusal(&error))?
        && cutter.push(&entry)?
    {
        cutter.send().await;
    }
    Ok(cutter.end().await)
}

fn refusal(error: &split::Error) -> web::Error {
    match *error {
        split::Error::Broken { message, line } => web::Error::invalid_body_at_line(message, line),
        split::Error::Columns(count) => web::Error::invalid_columns(
            "the header has columns that are unknown or stand twice",
            count,
        ),
    }
}
