-- Tasks that were answered with 200 and have not ended, counted up to 10,000 (more is the same
-- news), and for how many seconds the oldest of those has been pending.
SELECT count(*), coalesce(extract(epoch FROM now() - min(received_at)), 0)::float8
FROM (
    SELECT received_at
    FROM import_task
    WHERE received_at IS NOT NULL AND ended_at IS NULL AND gone_at IS NULL
    LIMIT 10000) t
