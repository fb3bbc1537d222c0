-- What the role of `worker` needs, and nothing else. Run by `migrate` as the owner of the tables,
-- in one transaction, at every run: what a release no longer needs is taken away again.
--
-- It writes secrets and can read none of them back.
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role};
GRANT USAGE ON SCHEMA public TO {role};

GRANT SELECT ON refinery_schema_history, schema_release, project TO {role};
GRANT SELECT, INSERT, UPDATE ON directory_user TO {role};
GRANT INSERT ON user_secret TO {role};
GRANT SELECT, INSERT ON project_role, project_group TO {role};

GRANT SELECT, UPDATE ON import_task TO {role};
GRANT SELECT, INSERT, UPDATE ON import_chunk TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON import_chunk_wait, import_chunk_attempt TO {role};
GRANT SELECT, DELETE ON import_task_key TO {role};
