-- Up to $4 wrapped keys behind ($1, $2) that need one of the master keys $3.
--
-- Rows that somebody holds are passed over: a task that ends deletes its key, and another
-- `rekey` is at work on the same.
SELECT project, task, master_key_id, wrapped_key
FROM import_task_key
WHERE (project, task) > ($1, $2) AND master_key_id = ANY ($3)
ORDER BY project, task
LIMIT $4
FOR NO KEY UPDATE SKIP LOCKED
