-- A page of a project's tasks, newest first, after the place that ($2, $3) names.
SELECT task, id, created_at, ended_at, cancelled, total, inserted, updated, skipped, failed, received_at
FROM import_task
WHERE project = $1 AND received_at IS NOT NULL AND gone_at IS NULL
  AND ($2::timestamptz IS NULL OR (received_at, task) < ($2, $3))
  AND ($4::text IS NULL OR $4 = CASE
      WHEN ended_at IS NULL THEN 'pending'
      WHEN cancelled THEN 'cancelled'
      ELSE 'completed' END)
ORDER BY received_at DESC, task DESC
LIMIT $5
