//! What `POST /users/import` takes and answers, for the OpenAPI document.

use crate::web::kind;
use crate::web::route::{Content, Parameter, Route};

const OF_A_STREAM: &str = "For NDJSON and CSV; a JSON document has it inside.";
const RECORD: &str = r##"{"$ref": "#/components/schemas/Record"}"##;
const LINES: &str = "{\"email\": \"user1@example.com\"}\n{\"email\": \"user2@example.com\", \"email_verified\": false}\n";

pub const ROUTE: Route = Route {
    query: &[
        Parameter {
            name: "identifier",
            about: OF_A_STREAM,
            schema: r##"{"$ref": "#/components/schemas/Identifier"}"##,
            required: false,
        },
        Parameter {
            name: "upsert",
            about: OF_A_STREAM,
            schema: r#"{"type": "boolean", "default": false}"#,
            required: false,
        },
        Parameter {
            name: "dry_run",
            about: OF_A_STREAM,
            schema: r#"{"type": "boolean", "default": false}"#,
            required: false,
        },
    ],
    headers: &[
        Parameter {
            name: "Idempotency-Key",
            about: "The same key with the same request is answered with the first task; with another request, 422.",
            schema: r#"{"type": "string", "pattern": "^[!-~]{1,255}$"}"#,
            required: false,
        },
        Parameter {
            name: "Content-Encoding",
            about: "How the body is compressed.",
            schema: r#"{"enum": ["gzip", "zstd", "identity"], "default": "identity"}"#,
            required: false,
        },
    ],
    takes: &[
        Content {
            media: "application/json",
            schema: r##"{"$ref": "#/components/schemas/ImportRequest"}"##,
            example: r#"{"identifier": "email", "upsert": false, "records": [{"email": "user@example.com"}]}"#,
        },
        Content { media: "application/x-ndjson", schema: RECORD, example: LINES },
        Content { media: "application/jsonl", schema: RECORD, example: LINES },
        Content { media: "application/ndjson", schema: RECORD, example: LINES },
        Content {
            media: "text/csv",
            schema: r#"{"type": "string"}"#,
            example: "email,address.locality,roles\nuser1@example.com,Wien,reader;writer\n",
        },
    ],
    gives: &[Content {
        media: "application/json",
        schema: r##"{"$ref": "#/components/schemas/AcceptedTask"}"##,
        example: r#"{"id": "task_4WZ0V7EPT4GZ2ABVN03QXYZ122W835C1", "created_at": "2024-04-04T06:56:36.02508096Z", "status": "pending"}"#,
    }],
    errors: &[
        kind::IDEMPOTENCY_KEY_REUSED,
        kind::INVALID_JSON,
        kind::JSON_TOO_LARGE,
        kind::NOT_ACCEPTABLE,
        kind::RATE_LIMITED,
        kind::REQUEST_TIMEOUT,
        kind::TASK_TOO_LARGE,
        kind::UNSUPPORTED_MEDIA_TYPE,
        kind::VALIDATION_FAILED,
    ],
    ..Route::post(
        "/users/import",
        "startImport",
        "Starts an import task; answered as soon as the task is durable.",
    )
};
