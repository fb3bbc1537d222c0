-- A task as find.sql gives it, and for how many seconds it has been (or was) under way by the
-- one clock that stored times come from.
SELECT task, id, created_at, ended_at, cancelled, total, inserted, updated, skipped, failed,
       extract(epoch FROM coalesce(ended_at, clock_timestamp()) - received_at)::float8
FROM import_task
WHERE project = $1 AND id = $2 AND received_at IS NOT NULL AND gone_at IS NULL
