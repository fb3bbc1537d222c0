-- Takes up to $1 places' worth of due chunks of one lane and makes them due again after a lease.
--
-- Guarantees: no chunk is claimed by two relays at once; places are shared among the projects
-- that have something due, then among their tasks that have, then go by index, so that one big
-- task beside a thousand small ones gets what the others leave, and no more.

-- Open tasks of the lane that have something due. The lot decides who is first, differently for
-- each seed ($2), so that no task is always last.
WITH due AS MATERIALIZED (
    SELECT t.project, t.task, hashint8extended(t.task, $2) AS lot
    FROM import_task t
    WHERE t.received_at IS NOT NULL AND t.ended_at IS NULL AND t.gone_at IS NULL
      AND (t.chunks_received = 1) = $4
      AND EXISTS (
          SELECT FROM import_chunk c
          WHERE c.project = t.project AND c.task = t.task
            AND c.applied_at IS NULL AND c.waits = 0 AND c.due_at <= now())
),
-- A project's share of the places, and each task's turn among its project's tasks.
shared AS (
    SELECT d.project, d.task,
           row_number() OVER (PARTITION BY d.project ORDER BY d.lot) AS turn,
           count(*) OVER (PARTITION BY d.project) AS tasks,
           ($1 + n.projects - 1) / n.projects AS share
    FROM due d, (SELECT count(DISTINCT project) AS projects FROM due) n
),
-- Each task's first due chunks. Rows that another relay or a worker holds are passed over.
claimed AS MATERIALIZED (
    SELECT c.project, c.task, c.first_index
    FROM (
        SELECT * FROM shared
        WHERE turn <= share
        ORDER BY turn, hashint8extended(project, $2)) s
    CROSS JOIN LATERAL (
        SELECT c.project, c.task, c.first_index
        FROM import_chunk c
        WHERE c.project = s.project AND c.task = s.task
          AND c.applied_at IS NULL AND c.waits = 0 AND c.due_at <= now()
        ORDER BY c.first_index
        LIMIT (s.share + s.tasks - 1) / s.tasks
        FOR NO KEY UPDATE SKIP LOCKED) c
    LIMIT $1
)
UPDATE import_chunk c
SET due_at = now() + $3 * interval '1 second', published = c.published + 1
FROM claimed l
WHERE c.project = l.project AND c.task = l.task AND c.first_index = l.first_index
RETURNING c.project, c.task, c.first_index, c.record_count, c.published
