-- What the role of `api` needs, and nothing else. Run by `migrate` as the owner of the tables, in
-- one transaction, at every run: what a release no longer needs is taken away again.
--
-- It reads the password hash, which verify-password compares with, and neither a TOTP secret nor
-- the hash of a second password, nor a task's wrapped key; it changes nobody in the directory.
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role};
GRANT USAGE ON SCHEMA public TO {role};

GRANT SELECT ON refinery_schema_history, schema_release, project, project_key, directory_user TO {role};
GRANT SELECT (project, user_id, password_hash) ON user_secret TO {role};
-- A row lock needs the right to change some column; this one is read by nothing but the list.
GRANT UPDATE (created_at) ON project TO {role};

GRANT SELECT, INSERT, UPDATE, DELETE ON import_task, import_chunk TO {role};
GRANT SELECT, INSERT, DELETE ON import_chunk_wait TO {role};
GRANT SELECT, DELETE ON import_chunk_attempt TO {role};
GRANT SELECT (project, task), INSERT, DELETE ON import_task_key TO {role};
