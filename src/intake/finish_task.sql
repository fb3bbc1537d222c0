-- Makes an upload a task, with its totals and the key it claims, in one step.
--
-- Runs under the lock of the project's row, so that the count is still right when it commits: two
-- uploads that finish at once are one after the other. No row comes back where the upload was
-- given up meanwhile or where the project has $7 tasks pending. A key that another task holds is
-- a unique violation.
UPDATE import_task
SET received_at = now(),
    total = $3,
    chunks_received = $4,
    chunks_left = $4,
    idempotency_key = $5,
    request_digest = $6
WHERE project = $1 AND task = $2
  AND received_at IS NULL AND gone_at IS NULL
  AND (
    SELECT count(*)
    FROM (SELECT FROM import_task
          WHERE project = $1
            AND received_at IS NOT NULL AND ended_at IS NULL AND gone_at IS NULL
          LIMIT $7) pending) < $7
RETURNING task
