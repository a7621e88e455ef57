"""A check that the counters of every list are the numbers of its rows."""

from typing import Final

WRONG_COUNTERS: Final = """
SELECT user_id, open_count, task_count, deletion_count, trash_count, key_count, project_count
FROM task_lists AS list
WHERE (open_count, task_count, deletion_count, trash_count) <> (
    SELECT count(CASE WHEN deleted_at IS NULL AND completed_at IS NULL THEN 1 END),
           count(CASE WHEN deleted_at IS NULL THEN 1 END),
           count(deleted_at),
           count(CASE WHEN in_trash THEN 1 END)
    FROM tasks WHERE tasks.user_id = list.user_id
) OR key_count <> (SELECT count(*) FROM idempotency_keys AS key WHERE key.user_id = list.user_id)
OR project_count <> (
    SELECT count(*) FROM projects WHERE projects.user_id = list.user_id AND projects.deleted_at IS NULL
)
"""
"""Returns the lists whose counters are wrong."""
