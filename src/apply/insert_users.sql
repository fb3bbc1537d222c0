-- Inserts new users, sorted by the caller so that two tasks lock alike.
--
-- A login id that another task took meanwhile leaves its row out; fewer rows than were sent tell
-- the caller of the race. Role and group lists come as array literals, for unnest flattens
-- arrays of arrays.
INSERT INTO directory_user (
    project, id,
    email_key, email_value, email_verified,
    phone_number_key, phone_number_value, phone_number_verified,
    preferred_username_key, preferred_username_value, external_id_key, external_id_value,
    attributes, custom_attributes, roles, groups,
    disabled, account_valid_from, account_valid_until,
    mfa_email, mfa_phone_number,
    password_type, password_expire_after, mfa_password_type, mfa_password_expire_after, has_totp)
SELECT $1, r.id,
    r.email_key, r.email_value, r.email_verified,
    r.phone_number_key, r.phone_number_value, r.phone_number_verified,
    r.preferred_username_key, r.preferred_username_value, r.external_id_key, r.external_id_value,
    r.attributes::json, r.custom_attributes::json, r.roles::text[], r.groups::text[],
    r.disabled, r.account_valid_from, r.account_valid_until,
    r.mfa_email, r.mfa_phone_number,
    r.password_type, r.password_expire_after, r.mfa_password_type, r.mfa_password_expire_after,
    r.has_totp
FROM unnest(
    $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::bool[], $7::text[], $8::text[], $9::bool[],
    $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[],
    $17::text[], $18::bool[], $19::timestamptz[], $20::timestamptz[], $21::text[], $22::text[],
    $23::text[], $24::timestamptz[], $25::text[], $26::timestamptz[], $27::bool[])
    AS r (
        id, version, email_key, email_value, email_verified,
        phone_number_key, phone_number_value, phone_number_verified,
        preferred_username_key, preferred_username_value, external_id_key, external_id_value,
        attributes, custom_attributes, roles, groups,
        disabled, account_valid_from, account_valid_until, mfa_email, mfa_phone_number,
        password_type, password_expire_after, mfa_password_type, mfa_password_expire_after, has_totp)
ON CONFLICT DO NOTHING
