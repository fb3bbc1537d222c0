-- The identifiers and ids of users whose ids lie between two, of at most $4 users.
--
-- Guarantees a walk along the primary key that ends after so many, wherever the ids lie: what is
-- no identifier is passed over outside of the limit. COLUMN is the identifier's key.
SELECT coalesce(array_agg(u.key), '{}'), coalesce(array_agg(u.id), '{}')
FROM (
    SELECT u.COLUMN AS key, u.id FROM directory_user u
    WHERE u.project = $1 AND u.id BETWEEN $2 AND $3
    ORDER BY u.id LIMIT $4) u
WHERE u.key IS NOT NULL
