-- Chunks that wait for publication, counted up to 10,000 (more is the same news), and for how
-- many seconds the oldest of those has been due.
SELECT count(*), coalesce(extract(epoch FROM now() - min(due_at)), 0)::float8
FROM (
    SELECT c.due_at
    FROM import_task t
    JOIN import_chunk c ON c.project = t.project AND c.task = t.task
    WHERE t.received_at IS NOT NULL AND t.ended_at IS NULL AND t.gone_at IS NULL
      AND c.applied_at IS NULL AND c.waits = 0 AND c.due_at <= now()
    LIMIT 10000) d
