-- Takes the payloads from chunks of cancelled tasks, 50 at a time. Without the task's key they
-- are noise already; this gives their room back.
WITH payload AS MATERIALIZED (
    SELECT c.project, c.task, c.first_index
    FROM import_task t
    CROSS JOIN LATERAL (
        SELECT c.project, c.task, c.first_index
        FROM import_chunk c
        WHERE c.project = t.project AND c.task = t.task AND c.sealed IS NOT NULL
        LIMIT 50
        FOR NO KEY UPDATE SKIP LOCKED) c
    WHERE t.cancelled AND t.ended_at IS NOT NULL AND t.gone_at IS NULL
    LIMIT 50
)
UPDATE import_chunk c
SET sealed = NULL
FROM payload p
WHERE c.project = p.project AND c.task = p.task AND c.first_index = p.first_index
