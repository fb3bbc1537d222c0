-- The keys that sign of the named projects, with what else a caller is known by: one row a key,
-- and one with nulls for a project that has none.
SELECT project.id,
       project.number,
       project.settings,
       project_key.kid,
       project_key.public_jwk
  FROM project
  LEFT JOIN project_key
    ON project_key.project = project.number
   AND project_key.removed_at IS NULL
 WHERE project.id = ANY ($1)
 -- So that the rows of one project stand together.
 ORDER BY project.number, project_key.created_at, project_key.kid
