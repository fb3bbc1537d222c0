-- Up to $4 TOTP secrets behind ($1, $2) that are sealed under one of the master keys $3.
--
-- Workers only ever insert here, so what is passed over is what another `rekey` is at work on.
SELECT project, user_id, totp_key_id, totp_secret
FROM user_secret
WHERE (project, user_id) > ($1, $2) AND totp_key_id = ANY ($3)
ORDER BY project, user_id
LIMIT $4
FOR NO KEY UPDATE SKIP LOCKED
