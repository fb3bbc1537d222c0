-- The ids of the master keys that anything sealed still needs.
SELECT master_key_id FROM import_task_key
UNION
SELECT totp_key_id FROM user_secret WHERE totp_key_id IS NOT NULL
