-- Makes chunks due again that the broker did not take ($5 = 1, so the publication is not
-- counted) or may not have taken ($5 = 0).
--
-- Rows that a worker holds are passed over: whoever holds one has got the message.
WITH unsent AS MATERIALIZED (
    SELECT c.project, c.task, c.first_index
    FROM unnest($1::int[], $2::bigint[], $3::bigint[]) AS k (project, task, first_index)
    CROSS JOIN LATERAL (
        SELECT c.project, c.task, c.first_index
        FROM import_chunk c
        WHERE c.project = k.project AND c.task = k.task AND c.first_index = k.first_index
          AND c.applied_at IS NULL
        LIMIT 1
        FOR NO KEY UPDATE SKIP LOCKED) c
)
UPDATE import_chunk c
SET due_at = now() + $4 * interval '1 second', published = greatest(c.published - $5, 0)
FROM unsent u
WHERE c.project = u.project AND c.task = u.task AND c.first_index = u.first_index
