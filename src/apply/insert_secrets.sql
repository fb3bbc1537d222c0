-- The secrets of new users. By bind, never by COPY text or literal: Postgres prints cells in its
-- messages.
INSERT INTO user_secret (project, user_id, password_hash, mfa_password_hash, totp_secret, totp_key_id)
SELECT $1, r.*
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::bytea[], $6::text[]) AS r
