-- Does anything depend on how the project's login ids are normalised?
--
-- Uploads under way count as well as received tasks: they compute keys already.
SELECT EXISTS (SELECT FROM directory_user WHERE project = $1)
    OR EXISTS (SELECT
                 FROM import_task
                WHERE project = $1
                  AND ended_at IS NULL
                  AND gone_at IS NULL)
