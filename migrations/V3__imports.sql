-- Imports: the tasks, their keys, their chunks, and the order among chunks.
--
-- Postgres is the truth and RabbitMQ only spreads the work: whatever the broker loses is
-- published again from here.

CREATE TABLE import_task (
    project          integer      NOT NULL,
    task             bigint       GENERATED ALWAYS AS IDENTITY,
    -- What callers say: `task_` and 32 random Crockford base32 characters.
    id               text COLLATE "C" NOT NULL,
    identifier       text         NOT NULL,
    upsert           boolean      NOT NULL,
    dry_run          boolean      NOT NULL,
    traceparent      text,

    created_at       timestamptz  NOT NULL DEFAULT now(),
    -- Moves while the upload does; the janitor takes away what was not touched for ten minutes.
    touched_at       timestamptz  NOT NULL DEFAULT now(),
    -- The request arrived whole: from here on the task exists for callers and for the relay.
    received_at      timestamptz,
    ended_at         timestamptz,
    cancelled        boolean      NOT NULL DEFAULT false,
    -- Nothing reads a gone task; a sweep deletes its chunks in small batches and this row last.
    gone_at          timestamptz,

    total            bigint       NOT NULL DEFAULT 0,
    inserted         bigint       NOT NULL DEFAULT 0,
    updated          bigint       NOT NULL DEFAULT 0,
    skipped          bigint       NOT NULL DEFAULT 0,
    failed           bigint       NOT NULL DEFAULT 0,
    chunks_received  bigint       NOT NULL DEFAULT 0,
    -- Grows by one with each part that a chunk is split into.
    chunks_left      bigint       NOT NULL DEFAULT 0,

    idempotency_key  text COLLATE "C",
    -- HMAC over format, effective options and decoded bytes: tells the same request from another.
    request_digest   bytea,

    CONSTRAINT import_task_pkey PRIMARY KEY (project, task),
    CONSTRAINT a_task_id_is_unique UNIQUE (project, id),
    CONSTRAINT an_identifier_finds_users CHECK (
        identifier IN ('email', 'phone_number', 'preferred_username', 'external_id')),
    CONSTRAINT counts_are_not_negative CHECK (
        least(total, inserted, updated, skipped, failed, chunks_received, chunks_left) >= 0),
    CONSTRAINT counts_never_exceed_the_total CHECK (inserted + updated + skipped + failed <= total),
    CONSTRAINT only_a_received_task_ends CHECK (ended_at IS NULL OR received_at IS NOT NULL),
    CONSTRAINT a_cancelled_task_has_ended CHECK (NOT cancelled OR ended_at IS NOT NULL),
    CONSTRAINT an_ended_task_accounts_for_every_record CHECK (
        ended_at IS NULL OR cancelled
        OR (inserted + updated + skipped + failed = total AND chunks_left = 0)),
    CONSTRAINT a_received_task_has_records CHECK (
        received_at IS NULL OR (total > 0 AND chunks_received > 0)),
    CONSTRAINT a_key_is_claimed_with_its_digest CHECK (
        (idempotency_key IS NULL) = (request_digest IS NULL))
-- Every chunk updates its task's row once: half a page of room keeps those updates HOT.
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02);

CREATE INDEX import_task_open ON import_task (project, task)
    WHERE received_at IS NOT NULL AND ended_at IS NULL AND gone_at IS NULL;
-- A caller's list of tasks, newest first.
CREATE INDEX import_task_received ON import_task (project, received_at, task)
    WHERE received_at IS NOT NULL AND gone_at IS NULL;
CREATE UNIQUE INDEX import_task_idempotency_key ON import_task (project, idempotency_key)
    WHERE idempotency_key IS NOT NULL AND gone_at IS NULL;
-- What the janitor looks for: uploads that broke off, ended tasks past retention, gone tasks.
CREATE INDEX import_task_uploading ON import_task (touched_at)
    WHERE received_at IS NULL AND gone_at IS NULL;
CREATE INDEX import_task_ended ON import_task (ended_at)
    WHERE ended_at IS NOT NULL AND gone_at IS NULL;
CREATE INDEX import_task_gone ON import_task (gone_at)
    WHERE gone_at IS NOT NULL;

-- Apart from the task's row, which is updated once a chunk: there, dozens of dead copies of the
-- key stayed in the heap after it was deleted; apart, one insert and one delete.
CREATE TABLE import_task_key (
    project      integer  NOT NULL,
    task         bigint   NOT NULL,
    -- The id of the master key, then the task's key wrapped under it.
    master_key_id text    NOT NULL,
    wrapped_key  bytea    NOT NULL,
    CONSTRAINT import_task_key_pkey PRIMARY KEY (project, task)
);

CREATE TABLE import_chunk (
    project       integer      NOT NULL,
    task          bigint       NOT NULL,
    first_index   bigint       NOT NULL,
    record_count  integer      NOT NULL,
    -- How many earlier chunks of the task must be applied before this one.
    waits         integer      NOT NULL DEFAULT 0,
    -- When the relay publishes it (again). In no index, so that claims are HOT.
    due_at        timestamptz  NOT NULL DEFAULT now(),
    published     integer      NOT NULL DEFAULT 0,
    applied_at    timestamptz,
    -- The records, compressed and sealed under the task's key; until applied.
    sealed        bytea,
    -- The outcomes as JSON text, comma-joined, zstd; from applied on.
    details       bytea,
    failed        integer      NOT NULL DEFAULT 0,
    warned        integer      NOT NULL DEFAULT 0,
    -- Where the failed records stand in the file as sent, in index order; NULL where lines mean
    -- nothing (a JSON document) or none failed.
    failed_lines  bigint[],

    CONSTRAINT import_chunk_pkey PRIMARY KEY (project, task, first_index),
    CONSTRAINT a_chunk_belongs_to_a_task FOREIGN KEY (project, task) REFERENCES import_task,
    CONSTRAINT a_chunk_has_records CHECK (record_count > 0 AND first_index >= 0),
    CONSTRAINT waits_are_not_negative CHECK (waits >= 0),
    CONSTRAINT a_chunk_is_applied_after_those_it_waits_for CHECK (applied_at IS NULL OR waits = 0),
    CONSTRAINT a_chunk_holds_payload_or_details_never_both CHECK (sealed IS NULL OR details IS NULL),
    CONSTRAINT an_applied_chunk_has_details CHECK ((applied_at IS NULL) = (details IS NULL))
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

-- Both are compressed already.
ALTER TABLE import_chunk ALTER COLUMN sealed SET STORAGE EXTERNAL;
ALTER TABLE import_chunk ALTER COLUMN details SET STORAGE EXTERNAL;

CREATE INDEX import_chunk_ready ON import_chunk (project, task, first_index)
    WHERE applied_at IS NULL AND waits = 0;

-- Chunk `first_index` shares a login id with chunk `waits_for` and is applied after it.
CREATE TABLE import_chunk_wait (
    project      integer  NOT NULL,
    task         bigint   NOT NULL,
    waits_for    bigint   NOT NULL,
    first_index  bigint   NOT NULL,
    CONSTRAINT import_chunk_wait_pkey PRIMARY KEY (project, task, waits_for, first_index),
    CONSTRAINT a_chunk_waits_for_an_earlier_one CHECK (waits_for < first_index)
);

-- Only for chunks under suspicion: how often a worker died while it applied this one alone.
CREATE TABLE import_chunk_attempt (
    project       integer  NOT NULL,
    task          bigint   NOT NULL,
    first_index   bigint   NOT NULL,
    record_count  integer  NOT NULL,
    starts        integer  NOT NULL DEFAULT 0,
    CONSTRAINT import_chunk_attempt_pkey PRIMARY KEY (project, task, first_index, record_count)
);
