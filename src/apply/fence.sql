-- The fence: at most one transaction applies a chunk, and only a chunk that is still to be applied.
--
-- It holds for this very chunk ($4: a chunk that was split since is another chunk), not applied,
-- waiting for none, of a task that has neither ended nor gone. No row: there is nothing to do.
SELECT t.identifier, t.upsert, t.dry_run, t.traceparent, k.master_key_id, k.wrapped_key, p.settings,
       coalesce(a.starts, 0)
FROM import_chunk c
JOIN import_task t ON t.project = c.project AND t.task = c.task
JOIN project p ON p.number = c.project
LEFT JOIN import_task_key k ON k.project = c.project AND k.task = c.task
LEFT JOIN import_chunk_attempt a
    ON a.project = c.project AND a.task = c.task
    AND a.first_index = c.first_index AND a.record_count = c.record_count
WHERE c.project = $1 AND c.task = $2 AND c.first_index = $3 AND c.record_count = $4
  AND c.applied_at IS NULL AND c.waits = 0 AND t.ended_at IS NULL AND t.gone_at IS NULL
-- Waits for the lock instead of skipping it: whoever holds it may still roll back, and the
-- duplicate acknowledged in the meantime would have been the last copy.
FOR NO KEY UPDATE OF c
