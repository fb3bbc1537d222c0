-- Marks gone what was being uploaded and was not touched for ten minutes; its key goes with it.
--
-- A living upload touches its row at least every minute. In the first two minutes of Postgres
-- nothing is marked, for uploads that waited for it have had no chance to.
WITH abandoned AS MATERIALIZED (
    SELECT project, task
    FROM import_task
    WHERE received_at IS NULL AND gone_at IS NULL
      AND touched_at < now() - interval '10 minutes'
      AND pg_postmaster_start_time() < now() - interval '2 minutes'
    FOR NO KEY UPDATE SKIP LOCKED
),
shredded AS (
    DELETE FROM import_task_key k
    USING abandoned a
    WHERE k.project = a.project AND k.task = a.task
)
UPDATE import_task t
SET gone_at = now()
FROM abandoned a
WHERE t.project = a.project AND t.task = a.task
