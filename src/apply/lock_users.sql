-- Locks the users that were found, in the order of the ids given, and says which of them are still
-- in the version they were found in.
--
-- All of them and not only those that change: a record may have failed because of a user that
-- another task changes meanwhile. Two chunks could each fail for what the other takes away, and
-- no order of their records would explain both.
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
