-- What releases this schema serves.
--
-- A migration that no longer serves an older release raises `oldest_release_served`; `api` and
-- `worker` compare it with their own number at start and refuse to run beside a schema that has
-- moved on without them.

CREATE TABLE schema_release (
    only_row               boolean  NOT NULL DEFAULT true,
    oldest_release_served  integer  NOT NULL,
    CONSTRAINT schema_release_pkey PRIMARY KEY (only_row),
    CONSTRAINT there_is_one_row CHECK (only_row)
);

INSERT INTO schema_release (oldest_release_served) VALUES (1);
