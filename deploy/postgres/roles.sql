-- The three login roles, each with the least that it needs. Run by a superuser with psql, in the
-- database of the service, before the first `user-import migrate`; safe to run again, and then it
-- sets the passwords anew:
--
--   psql -d user_import -v migrate_password=... -v api_password=... -v worker_password=... \
--        -f roles.sql
--
-- What API and worker may do to each table is not said here: `migrate` knows the tables, and
-- grants it at every run, so that a new table never waits for a second script:
--
--   DATABASE_API_ROLE=user_import_api DATABASE_WORKER_ROLE=user_import_worker user-import migrate

\set ON_ERROR_STOP on

-- Passwords stand in the statements below. `log_statement = 'none'`, the default, keeps them out
-- of the log unless a statement fails; this keeps them out of it then, too.
SET log_min_error_statement = panic;

SELECT format('CREATE ROLE %I LOGIN', name)
FROM unnest(ARRAY['user_import_migrate', 'user_import_api', 'user_import_worker']) AS name
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec

ALTER ROLE user_import_migrate NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'migrate_password';
ALTER ROLE user_import_api NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'api_password';
ALTER ROLE user_import_worker NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'worker_password';

-- Nobody else connects, and nobody but the owner of the tables makes any.
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database())
\gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO user_import_migrate, user_import_api, user_import_worker',
              current_database())
\gexec
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO user_import_migrate;
