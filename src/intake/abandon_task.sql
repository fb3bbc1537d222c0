-- Ends an upload that is not received: nothing reads it any more, and what was staged of it
-- cannot be opened. A sweep takes the rows.
--
-- Waits for whoever holds the task's row, and that is the point: where the answer to a commit was
-- lost, that commit is through or void once this returns.
WITH abandoned AS (
    UPDATE import_task
    SET gone_at = now()
    WHERE project = $1 AND task = $2
      AND received_at IS NULL AND gone_at IS NULL
    RETURNING project, task
),
shredded AS (
    DELETE FROM import_task_key k
    USING abandoned a
    WHERE k.project = a.project AND k.task = a.task
)
SELECT FROM abandoned
