-- Ends a pending task and deletes its key in one statement.
--
-- It takes no lock but the task's row and the key's, so it cannot deadlock with a worker, and a
-- worker that comes to count afterwards finds no row and rolls back: nothing changes after this.
WITH cancelled AS (
    UPDATE import_task
    SET cancelled = true, ended_at = clock_timestamp()
    WHERE project = $1 AND id = $2
      AND received_at IS NOT NULL AND ended_at IS NULL AND gone_at IS NULL
    RETURNING project, task, id, created_at, ended_at, cancelled,
              total, inserted, updated, skipped, failed
),
shredded AS (
    DELETE FROM import_task_key k
    USING cancelled c
    WHERE k.project = c.project AND k.task = c.task
)
SELECT task, id, created_at, ended_at, cancelled, total, inserted, updated, skipped, failed
FROM cancelled
