-- The next applied chunks of a task that have failed records, in index order, from $3 on.
SELECT c.first_index, c.details, c.failed_lines
FROM import_chunk c
JOIN import_task t ON t.project = c.project AND t.task = c.task
WHERE c.project = $1 AND c.task = $2 AND c.first_index >= $3
  AND c.details IS NOT NULL AND c.failed > 0 AND t.gone_at IS NULL
ORDER BY c.first_index
LIMIT $4
