-- The parts of a cut chunk but the first, which keeps its row: each a chunk of its own that
-- waits for the part before, and the starts that each part has on record from the beginning.
--
-- $3 to $6 are the parts in index order, the first one included.
WITH part AS MATERIALIZED (
    SELECT p.*, lag(p.first_index) OVER (ORDER BY p.first_index) AS before
    FROM unnest($3::bigint[], $4::int[], $5::bytea[], $6::int[])
        AS p (first_index, record_count, sealed, starts)
),
attempt AS (
    INSERT INTO import_chunk_attempt (project, task, first_index, record_count, starts)
    SELECT $1, $2, first_index, record_count, starts FROM part WHERE starts > 0
),
chunk AS (
    INSERT INTO import_chunk (project, task, first_index, record_count, waits, sealed)
    SELECT $1, $2, first_index, record_count, 1, sealed FROM part WHERE before IS NOT NULL
)
INSERT INTO import_chunk_wait (project, task, waits_for, first_index)
SELECT $1, $2, before, first_index FROM part WHERE before IS NOT NULL
