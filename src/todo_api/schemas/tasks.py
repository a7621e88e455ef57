"""The fields of a task, and the bodies of responses about tasks.

The schemas define structure and types; the domain defines the rules. The limits in the
JSON schemas are the domain's constants.
"""

import datetime as dt
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, FailFast, Field
from typing_extensions import TypeAliasType

import todo_domain as domain
from todo_api.schemas.checklist import EXAMPLE_ITEM, ChecklistItem
from todo_api.schemas.due import EXAMPLE_DUE, Due, due_response
from todo_api.schemas.formats import MULTILINE, single_line
from todo_api.schemas.recurrence import EXAMPLE_RECURRENCE, Recurrence, recurrence_response
from todo_domain.draft import MAX_DESCRIPTION_LENGTH, MAX_TAG_LENGTH, MAX_TAGS, MAX_TITLE_LENGTH

EXAMPLE_TASK: Final[dict[str, Any]] = {
    "id": 1,
    "user_id": "alice",
    "title": "Buy milk",
    "description": "The one in glass bottles",
    "complete": False,
    "completed_at": None,
    "priority": "high",
    "due": EXAMPLE_DUE,
    "recurrence": EXAMPLE_RECURRENCE,
    "tags": ["shop"],
    "checklist": [EXAMPLE_ITEM],
    "project_id": None,
    "position": "a1",
    "successor_id": None,
    "created_at": "2026-11-21T09:30:00.123456Z",
    "updated_at": "2026-11-21T09:30:00.123456Z",
    "revision": 1,
}


Title = Annotated[str, Field(json_schema_extra={**single_line(MAX_TITLE_LENGTH)})]
Description = Annotated[str, Field(json_schema_extra={"maxLength": MAX_DESCRIPTION_LENGTH, **MULTILINE})]
Tag = Annotated[str, Field(json_schema_extra={**single_line(MAX_TAG_LENGTH)})]
# Validation stops at the first wrong entry, because a list can have a hundred thousand.
Tags = Annotated[list[Tag], FailFast(), Field(json_schema_extra={"maxItems": MAX_TAGS})]
# A named alias becomes a schema with that name in the OpenAPI document.
Priority = TypeAliasType("Priority", Literal["low", "medium", "high"])
PRIORITIES: Final[dict[Priority, domain.Priority]] = {
    "low": domain.Priority.LOW,
    "medium": domain.Priority.MEDIUM,
    "high": domain.Priority.HIGH,
}


class TaskResponse(BaseModel):
    """A task."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_TASK]})

    id: int
    user_id: str
    title: str
    description: str | None
    complete: bool
    completed_at: dt.datetime | None
    priority: Priority
    due: Due | None
    recurrence: Recurrence | None
    tags: list[str]
    checklist: list[ChecklistItem]
    project_id: int | None = Field(description="The project that the task is in.")
    position: str = Field(description="The place in the order by hand. It is opaque, and compares by bytes.")
    successor_id: int | None = Field(description="The task that was added when this recurring task was completed.")
    created_at: dt.datetime
    updated_at: dt.datetime
    revision: int


_PRIORITY_NAMES: Final = {priority: name for name, priority in PRIORITIES.items()}


def task_response(task: domain.Task) -> dict[str, Any]:
    """Serialize a task as a TaskResponse.

    It names each field, because deriving the dictionary from the schema takes twice the time,
    and unpacks the task, because reading each attribute costs 4 % of a list.
    """
    (
        user_id,
        task_id,
        revision,
        title,
        description,
        completed_at,
        priority,
        due,
        recurrence,
        tags,
        checklist,
        project_id,
        position,
        successor_id,
        _,
        created_at,
        updated_at,
    ) = task
    return {
        "id": task_id,
        "user_id": user_id,
        "title": title,
        "description": description,
        "complete": completed_at is not None,
        "completed_at": completed_at,
        "priority": _PRIORITY_NAMES[priority],
        "due": None if due is None else due_response(due),
        "recurrence": None if recurrence is None else recurrence_response(recurrence),
        "tags": tags,
        "checklist": checklist,
        "project_id": project_id,
        "position": position,
        "successor_id": successor_id,
        "created_at": created_at,
        "updated_at": updated_at,
        "revision": revision,
    }


class TaskListResponse(BaseModel):
    """Tasks; `count` is their number in this response; `next_cursor` is null on the last page."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"tasks": [EXAMPLE_TASK], "count": 1, "next_cursor": "W10", "revision": 1}]}
    )

    tasks: list[TaskResponse]
    count: int
    next_cursor: str | None
    revision: int = Field(description="The revision of the whole list; it increases with every change.")


class OccurrencesResponse(BaseModel):
    """Days after the due on which a task recurs, in order; empty if it does not recur."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"occurrences": ["2026-12-03", "2026-12-07"]}]})

    occurrences: list[dt.date]
