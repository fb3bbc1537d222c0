-- Brings existing users to their final state, each only in the version it was found in.
--
-- What kind of secret there is never changes by an import, so those columns stay as they are.
UPDATE directory_user u
SET version = r.version + 1, updated_at = now(),
    email_key = r.email_key, email_value = r.email_value, email_verified = r.email_verified,
    phone_number_key = r.phone_number_key, phone_number_value = r.phone_number_value,
    phone_number_verified = r.phone_number_verified,
    preferred_username_key = r.preferred_username_key,
    preferred_username_value = r.preferred_username_value,
    external_id_key = r.external_id_key, external_id_value = r.external_id_value,
    attributes = r.attributes::json, custom_attributes = r.custom_attributes::json,
    roles = r.roles::text[], groups = r.groups::text[],
    disabled = r.disabled, account_valid_from = r.account_valid_from,
    account_valid_until = r.account_valid_until,
    mfa_email = r.mfa_email, mfa_phone_number = r.mfa_phone_number
FROM unnest(
    $2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::bool[], $7::text[], $8::text[], $9::bool[],
    $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[],
    $17::text[], $18::bool[], $19::timestamptz[], $20::timestamptz[], $21::text[], $22::text[])
    AS r (
        id, version, email_key, email_value, email_verified,
        phone_number_key, phone_number_value, phone_number_verified,
        preferred_username_key, preferred_username_value, external_id_key, external_id_value,
        attributes, custom_attributes, roles, groups,
        disabled, account_valid_from, account_valid_until, mfa_email, mfa_phone_number)
WHERE u.project = $1 AND u.id = r.id AND u.version = r.version
