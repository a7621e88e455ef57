"""What to use instead of paths that other backends of this contract have."""

import re
from typing import Final

_HINTS: Final = tuple(
    (re.compile(path), hint)
    for path, hint in (
        (
            r"/api/[^/]+/tasks/[^/]+/(complete|completed|toggle|done|status)/?",
            'to complete a task, send PATCH with {"complete": true} to the task itself, and to reopen it, false',
        ),
        (
            r"/api/[^/]+/tasks/(filtered|filter|search|find|all)/?",
            "GET the list itself, with the parameters complete, priority, tag, due_from, due_until, q and sort",
        ),
        (r"(/api(/v[0-9]+)?)?/(tasks|todos)(/[^/]*)?/?", "the tasks of a user are at /api/{user_id}/tasks"),
        (r"/api/[^/]+/todos?(/.*)?", "the tasks of a user are at /api/{user_id}/tasks"),
        (r".*[^/]/", "no path ends with a slash"),
    )
)


def hint_for(path: str) -> str | None:
    """Return what to use instead of a path that the API does not have, or None."""
    return next((hint for pattern, hint in _HINTS if pattern.fullmatch(path)), None)
