-- The next applied chunks of a task, in index order, from the one that holds the index $3 on and
-- as far as $4: those with failures alone if $5, with warnings alone if $6.
--
-- One row without a chunk says that none is left, no row at all that the task is gone: both are
-- asked in one snapshot, so an answer that ends well-formed is whole.
SELECT c.first_index, c.record_count, c.details, c.failed_lines
FROM import_task t
LEFT JOIN LATERAL (
    SELECT c.first_index, c.record_count, c.details, c.failed_lines
    FROM import_chunk c
    WHERE c.project = $1 AND c.task = $2
      -- Seeks: without it, every chunk before the window would be read and thrown away.
      AND c.first_index >= coalesce((
          SELECT max(b.first_index)
          FROM import_chunk b
          WHERE b.project = $1 AND b.task = $2 AND b.first_index <= $3), 0)
      AND c.first_index + c.record_count > $3
      AND c.first_index < $4
      AND c.details IS NOT NULL
      AND (NOT $5 OR c.failed > 0)
      AND (NOT $6 OR c.warned > 0)
    ORDER BY c.first_index
    LIMIT $7) c ON true
WHERE t.project = $1 AND t.task = $2 AND t.gone_at IS NULL
ORDER BY c.first_index
