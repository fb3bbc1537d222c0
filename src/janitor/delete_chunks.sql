-- Deletes 100 chunks of tasks that are gone, with their edges and their starts on record.
--
-- In small batches: a big task at once wrote 1.6 GB of WAL in 3.3 s.
WITH chunk AS MATERIALIZED (
    SELECT c.project, c.task, c.first_index
    FROM import_task t
    CROSS JOIN LATERAL (
        SELECT c.project, c.task, c.first_index
        FROM import_chunk c
        WHERE c.project = t.project AND c.task = t.task
        LIMIT 100
        FOR UPDATE SKIP LOCKED) c
    WHERE t.gone_at IS NOT NULL
    LIMIT 100
),
edge AS (
    DELETE FROM import_chunk_wait w
    USING chunk c
    WHERE w.project = c.project AND w.task = c.task AND w.waits_for = c.first_index
),
attempt AS (
    DELETE FROM import_chunk_attempt a
    USING chunk c
    WHERE a.project = c.project AND a.task = c.task AND a.first_index = c.first_index
)
DELETE FROM import_chunk c
USING chunk d
WHERE c.project = d.project AND c.task = d.task AND c.first_index = d.first_index
