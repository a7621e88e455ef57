"""Writing what the domain says: plain values in the form that the schemas describe.

What comes from the domain needs no validation, and a page of tasks is written often: so
these are dictionaries, and not the schemas' own objects, which cost ten times as much.
A test holds every answer to its schema.
"""

from typing import Any

from todo_api.schemas.tasks import task_response
from todo_domain import BatchResult, Change, ChangePage, Deletion, TaskPage


def list_response(page: TaskPage) -> dict[str, Any]:
    """Write a page as a TaskListResponse."""
    return {
        "tasks": [task_response(task) for task in page.tasks],
        "count": len(page.tasks),
        "next_cursor": page.next_cursor,
        "revision": page.revision,
    }


def change_response(change: Change) -> dict[str, Any]:
    """Write a change as a TaskResponse, or as a TaskDeletion."""
    if isinstance(change, Deletion):
        return {"id": change.id, "deleted": True, "revision": change.revision}
    return task_response(change)


def changes_response(page: ChangePage) -> dict[str, Any]:
    """Write a page of the feed as a ChangesResponse."""
    changes = [change_response(change) for change in page.changes]
    return {"changes": changes, "next": str(page.next), "has_more": page.has_more}


def batch_response(result: BatchResult) -> dict[str, Any]:
    """Write what a batch did as a BatchResponse."""
    return {"results": [{"id": done.task_id, "revision": done.revision} for done in result.outcomes]}
