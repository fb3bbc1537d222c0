-- The payloads of claimed chunks, where the row is still what was claimed.
--
-- A chunk that was applied or split since is left out: another message carries it, or none.
SELECT c.project, c.task, c.first_index, c.sealed, t.traceparent
FROM unnest($1::int[], $2::bigint[], $3::bigint[], $4::int[]) AS k (project, task, first_index, record_count)
CROSS JOIN LATERAL (
    SELECT c.project, c.task, c.first_index, c.sealed
    FROM import_chunk c
    WHERE c.project = k.project AND c.task = k.task AND c.first_index = k.first_index
      AND c.record_count = k.record_count AND c.applied_at IS NULL AND c.sealed IS NOT NULL
    LIMIT 1) c
JOIN import_task t ON t.project = c.project AND t.task = c.task
