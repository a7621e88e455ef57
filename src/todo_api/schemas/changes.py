"""The bodies of responses about the change feed."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from todo_api.schemas.projects import EXAMPLE_PROJECT, ProjectResponse, project_response
from todo_api.schemas.tasks import EXAMPLE_TASK, TaskResponse, task_response
from todo_domain import Change, Deletion, Task


class TaskChange(TaskResponse):
    """A task that was created or changed, in its latest state."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**EXAMPLE_TASK, "kind": "task"}]})

    kind: Literal["task"]


class ProjectChange(ProjectResponse):
    """A project that was created or changed, in its latest state."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**EXAMPLE_PROJECT, "kind": "project"}]})

    kind: Literal["project"]


class DeletedChange(BaseModel):
    """A deleted task or project: only its id and the revision of the deletion are kept."""

    id: int
    deleted: Literal[True]
    revision: int
    kind: Literal["task", "project"]


class ChangesResponse(BaseModel):
    """Changes in order of revision; `next` is the token to continue with, even if nothing has changed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "changes": [
                        {**EXAMPLE_TASK, "kind": "task"},
                        {"id": 7, "deleted": True, "revision": 42, "kind": "task"},
                    ],
                    "next": "k3v9.42",
                    "has_more": False,
                }
            ]
        }
    )

    changes: list[TaskChange | ProjectChange | DeletedChange]
    next: str
    has_more: bool


def change_response(change: Change) -> dict[str, Any]:
    """Serialize a change as a TaskChange, a ProjectChange or a DeletedChange."""
    if isinstance(change, Deletion):
        return {"id": change.id, "deleted": True, "revision": change.revision, "kind": change.kind}
    if isinstance(change, Task):
        return {**task_response(change), "kind": "task"}
    return {**project_response(change), "kind": "project"}
