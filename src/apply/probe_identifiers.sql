-- The users that hold any of the identifiers asked for, by the identifier's key alone.
--
-- Guarantees an index probe a key, like probe.sql. A third of its cost: skipped users need
-- nothing but their id. COLUMN is the identifier's key.
SELECT k.key, u.id
FROM unnest($2::text[]) AS k (key)
CROSS JOIN LATERAL (
    SELECT u.id FROM directory_user u
    WHERE u.project = $1 AND u.COLUMN = k.key LIMIT 1) u
