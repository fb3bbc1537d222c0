-- The chunk is applied: its outcomes take the place of its payload.
UPDATE import_chunk
SET applied_at = now(), sealed = NULL, details = $4, failed = $5, warned = $6,
    failed_lines = $7
WHERE project = $1 AND task = $2 AND first_index = $3
