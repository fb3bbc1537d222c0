-- Every project with the number of its keys that sign, by name.
SELECT project.id,
       project.settings,
       project.created_at,
       -- A subquery and no GROUP BY, so that a project without a key is listed too.
       (SELECT count(*)
          FROM project_key
         WHERE project_key.project = project.number
           AND project_key.removed_at IS NULL)
  FROM project
 ORDER BY project.id
