-- One task of one project. An upload that has not arrived whole, and a task that is gone, are as
-- if they were not there.
SELECT task, id, created_at, ended_at, cancelled, total, inserted, updated, skipped, failed
FROM import_task
WHERE project = $1 AND id = $2 AND received_at IS NOT NULL AND gone_at IS NULL
