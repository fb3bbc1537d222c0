//! A request's body as decoded bytes.

pub fn refusal(_: &std::io::Error) -> crate::web::Error { todo!() }
