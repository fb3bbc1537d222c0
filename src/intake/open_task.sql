-- Makes a task that is being uploaded: no reader and no relay sees it before it is received.
--
-- No row comes back where the project has $7 tasks pending; the finish checks that again, for
-- others may arrive meanwhile.
INSERT INTO import_task (project, id, identifier, upsert, dry_run, traceparent)
SELECT $1, $2, $3, $4, $5, $6
WHERE (
    -- Counted no further than the limit: a project may have very many.
    SELECT count(*)
    FROM (SELECT FROM import_task
          WHERE project = $1
            AND received_at IS NOT NULL AND ended_at IS NULL AND gone_at IS NULL
          LIMIT $7) pending) < $7
RETURNING task, created_at
