-- Locks the users to be changed, in the order of the ids given, and says which of them are still
-- in the version they were found in.
--
-- LATERAL runs once an id in the array's order, so two chunks that change the same users take
-- their locks alike.
SELECT u.id
FROM unnest($2::uuid[], $3::bigint[]) AS k (id, version)
CROSS JOIN LATERAL (
    SELECT u.id, u.version FROM directory_user u
    WHERE u.project = $1 AND u.id = k.id
    FOR NO KEY UPDATE) u
WHERE u.version = k.version
