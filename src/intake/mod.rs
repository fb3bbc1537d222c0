mod body;
mod document;
mod order;
mod split;

use crate::web;
fn too_many_records(limit: u64) -> web::Error {
    web::Error::task_too_large(&format!("a task may have {limit} records"), limit)
}
