-- Chunks that waited for an applied one wait for one less, and are due at once when for none.
--
-- Locked in index order first: unordered, two predecessors with common waiters deadlocked in 6
-- of 20 rounds.
WITH waiter AS MATERIALIZED (
    SELECT c.project, c.task, c.first_index
    FROM import_chunk_wait w
    JOIN import_chunk c ON c.project = w.project AND c.task = w.task AND c.first_index = w.first_index
    WHERE w.project = $1 AND w.task = $2 AND w.waits_for = $3
    ORDER BY c.first_index
    FOR NO KEY UPDATE OF c
)
UPDATE import_chunk c
SET waits = c.waits - 1, due_at = CASE WHEN c.waits = 1 THEN now() ELSE c.due_at END
FROM waiter w
WHERE c.project = w.project AND c.task = w.task AND c.first_index = w.first_index
