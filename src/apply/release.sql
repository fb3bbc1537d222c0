-- Sets to NULL the login ids that users lose or change, before anybody takes them.
--
-- A login id may move between users within a chunk, and partial unique indexes check row by row:
-- without this the order of rows would decide whether the chunk succeeds.
UPDATE directory_user u
SET email_key = CASE WHEN r.email THEN NULL ELSE u.email_key END,
    email_verified = u.email_verified AND NOT r.email,
    phone_number_key = CASE WHEN r.phone_number THEN NULL ELSE u.phone_number_key END,
    phone_number_verified = u.phone_number_verified AND NOT r.phone_number,
    preferred_username_key = CASE WHEN r.preferred_username THEN NULL ELSE u.preferred_username_key END,
    external_id_key = CASE WHEN r.external_id THEN NULL ELSE u.external_id_key END
FROM unnest($2::uuid[], $3::bool[], $4::bool[], $5::bool[], $6::bool[])
    AS r (id, email, phone_number, preferred_username, external_id)
WHERE u.project = $1 AND u.id = r.id
