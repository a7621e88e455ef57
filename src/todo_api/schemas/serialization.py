"""Serialize objects of the domain as dictionaries that match the schemas.

They are dictionaries because objects of the schemas take ten times as long, and values
from the domain need no validation. A test checks every response against its schema.
"""

from typing import Any

from todo_api.schemas.changes import change_response
from todo_api.schemas.projects import project_response
from todo_api.schemas.tasks import task_response
from todo_domain import BatchResult, ChangePage, ProjectList, TaskPage


def list_response(page: TaskPage) -> dict[str, Any]:
    """Serialize a page as a TaskListResponse."""
    return {
        "tasks": [task_response(task) for task in page.tasks],
        "count": len(page.tasks),
        "next_cursor": page.next_cursor,
        "revision": page.revision,
    }


def projects_response(found: ProjectList) -> dict[str, Any]:
    """Serialize projects as a ProjectListResponse."""
    projects = [project_response(project) for project in found.projects]
    return {"projects": projects, "count": len(projects), "revision": found.revision}


def changes_response(page: ChangePage) -> dict[str, Any]:
    """Serialize a page of the feed as a ChangesResponse."""
    changes = [change_response(change) for change in page.changes]
    return {"changes": changes, "next": str(page.next), "has_more": page.has_more}


def batch_response(result: BatchResult) -> dict[str, Any]:
    """Serialize the result of a batch as a BatchResponse."""
    return {"results": [{"id": done.id, "revision": done.revision} for done in result.outcomes]}
