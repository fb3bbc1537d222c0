//! The contract's table of errors, once: what answers are made of and what the OpenAPI document
//! lists.

/// A row: everything of an error answer but its message and what belongs to the one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    pub code: u16,
    pub name: &'static str,
    pub reason: &'static str,
    /// When it is answered, and what its `info` holds.
    pub when: &'static str,
}

/// Makes a constant of each row, and the list of all, so that no row can be missing there.
macro_rules! kinds {
    ($( $kind:ident $code:literal $name:literal $reason:literal $when:literal )*) => {
        $( pub const $kind: Kind = Kind { code: $code, name: $name, reason: $reason, when: $when }; )*
        /// Every row, in the order of the contract.
        pub const ALL: &[&Kind] = &[$( &$kind ),*];
    };
}

kinds! {
    INVALID_JSON 400 "BadRequest" "InvalidJSON"
        "The body is not JSON; `info` has `line` and `column`."
    INVALID_BODY 400 "BadRequest" "InvalidBody"
        "The body ends too soon, its compression or its CSV is broken (`info.line`), or the head of the request leaves open where it ends."
    VALIDATION_FAILED 400 "Invalid" "ValidationFailed"
        "The envelope, a query parameter or a header breaks its schema; `info.causes` gives each place, its kind and details, up to 100, and `info.more` counts the rest. For the header of a CSV, `info.columns` counts."
    PASSWORD_HASH_TOO_COSTLY 400 "Invalid" "PasswordHashTooCostly"
        "The user's password hash costs more than this service verifies."
    UNAUTHORIZED 401 "Unauthorized" "Unauthorized"
        "There is no token, or it does not verify."
    TASK_NOT_FOUND 404 "NotFound" "TaskNotFound"
        "The project has no such task, or it was kept for as long as it is."
    USER_NOT_FOUND 404 "NotFound" "UserNotFound"
        "The project has no such user."
    NOT_FOUND 404 "NotFound" "NotFound"
        "There is nothing at this path."
    METHOD_NOT_ALLOWED 405 "BadRequest" "MethodNotAllowed"
        "The path does not take this method; `Allow` names those it takes."
    NOT_ACCEPTABLE 406 "BadRequest" "NotAcceptable"
        "`Accept` refuses what the path answers with."
    REQUEST_TIMEOUT 408 "BadRequest" "RequestTimeout"
        "The body sent nothing for 30 s, or less than 1 KiB a second over 5 minutes."
    TASK_NOT_PENDING 409 "AlreadyExists" "TaskNotPending"
        "The task has ended, so there is nothing to cancel."
    JSON_TOO_LARGE 413 "RequestEntityTooLarge" "JSONTooLarge"
        "A JSON body, or an element of one, is too large; `info.limit` is in bytes."
    TASK_TOO_LARGE 413 "RequestEntityTooLarge" "TaskTooLarge"
        "A stream has too many records or decoded bytes; `info.limit` is in records or bytes."
    URI_TOO_LONG 414 "BadRequest" "URITooLong"
        "The path with its query is too long."
    UNSUPPORTED_MEDIA_TYPE 415 "BadRequest" "UnsupportedMediaType"
        "The body's type, charset or encoding is none that is understood here."
    IDEMPOTENCY_KEY_REUSED 422 "Invalid" "IdempotencyKeyReused"
        "The `Idempotency-Key` belongs to another request."
    RATE_LIMITED 429 "TooManyRequest" "RateLimited"
        "Too much is under way for this caller; `Retry-After` says when to come back."
    HEADER_TOO_LARGE 431 "BadRequest" "HeaderTooLarge"
        "The request's header is too large."
    UNEXPECTED_ERROR 500 "InternalError" "UnexpectedError"
        "A mistake of the service; `info.tracking_id` leads to it in the log."
    SERVICE_UNAVAILABLE 503 "ServiceUnavailable" "ServiceUnavailable"
        "Postgres is away, the process is stopping or a bound of the machine is full; the message says whether a retry is safe, and `Retry-After` when."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_stands_in_the_table_once() {
        for (place, kind) in ALL.iter().enumerate() {
            assert!(!ALL[..place].iter().any(|other| other.reason == kind.reason), "{kind:?}");
            assert!((400..600).contains(&kind.code));
        }
    }
}
