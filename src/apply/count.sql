-- The task's counts, and its end with the last chunk. The last statement before COMMIT, because
-- every worker of the task wants this row: first, 163 transactions a second; last, 2,162.
--
-- No row: the task was cancelled meanwhile, and nothing of the chunk may stay.
UPDATE import_task
SET inserted = inserted + $3, updated = updated + $4, skipped = skipped + $5, failed = failed + $6,
    chunks_left = chunks_left - 1,
    ended_at = CASE WHEN chunks_left = 1 THEN clock_timestamp() END
WHERE project = $1 AND task = $2 AND ended_at IS NULL AND gone_at IS NULL
RETURNING ended_at IS NOT NULL, extract(epoch FROM clock_timestamp() - received_at)::float8
