-- Deletes the rows of tasks that are gone, once their chunks are.
WITH gone AS MATERIALIZED (
    SELECT t.project, t.task
    FROM import_task t
    WHERE t.gone_at IS NOT NULL
      AND NOT EXISTS (
          SELECT FROM import_chunk c WHERE c.project = t.project AND c.task = t.task)
    LIMIT 100
    FOR UPDATE SKIP LOCKED
)
DELETE FROM import_task t
USING gone g
WHERE t.project = g.project AND t.task = g.task
