"""The body of the response about the trash."""

import datetime as dt
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from todo_api.schemas.projects import EXAMPLE_PROJECT, ProjectResponse, project_response
from todo_api.schemas.tasks import EXAMPLE_TASK, TaskResponse, task_response
from todo_domain import TrashPage

_DELETED: Final = {"deleted_at": "2026-11-22T08:00:00.123456Z"}
_EXAMPLE_TASK: Final = {**EXAMPLE_TASK, "revision": 4, **_DELETED}
_EXAMPLE_PROJECT: Final = {**EXAMPLE_PROJECT, "revision": 3, **_DELETED}


class TrashedTaskResponse(TaskResponse):
    """A deleted task in the trash; `revision` is that of its deletion."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE_TASK]})

    deleted_at: dt.datetime


class TrashedProjectResponse(ProjectResponse):
    """A deleted project in the trash; `revision` is that of its deletion."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE_PROJECT]})

    deleted_at: dt.datetime


class TrashResponse(BaseModel):
    """Tasks and projects in the trash, the last deleted ones first; `next_cursor` is null on the last page."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"tasks": [_EXAMPLE_TASK], "projects": [_EXAMPLE_PROJECT], "next_cursor": "W10"}]
        }
    )

    tasks: list[TrashedTaskResponse]
    projects: list[TrashedProjectResponse]
    next_cursor: str | None


def trash_response(page: TrashPage) -> dict[str, Any]:
    """Serialize a page of the trash as a TrashResponse."""
    return {
        "tasks": [{**task_response(each.task), "deleted_at": each.deleted_at} for each in page.tasks],
        "projects": [{**project_response(each.project), "deleted_at": each.deleted_at} for each in page.projects],
        "next_cursor": page.next_cursor,
    }
