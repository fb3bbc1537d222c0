-- Marks gone what ended longer than $1 seconds ago. The key went when the task ended.
WITH retired AS MATERIALIZED (
    SELECT project, task
    FROM import_task
    WHERE ended_at IS NOT NULL AND gone_at IS NULL
      AND ended_at < now() - $1 * interval '1 second'
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE import_task t
SET gone_at = now()
FROM retired r
WHERE t.project = r.project AND t.task = r.task
