"""The bodies of requests and responses about tasks, and their conversion to the domain.

The schemas define structure and types; the domain defines the rules. The limits in the
JSON schemas are the domain's constants.
"""

import datetime as dt
from functools import cached_property
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, FailFast, Field, model_validator
from typing_extensions import TypeAliasType

import todo_domain as domain
from todo_api.schemas.checklist import EXAMPLE_ITEM, Checklist, ChecklistItem
from todo_api.schemas.due import EXAMPLE_DUE, Due, DuePatch, absent, due_response
from todo_api.schemas.formats import MULTILINE, single_line
from todo_api.schemas.move import Move
from todo_api.schemas.recurrence import (
    EXAMPLE_RECURRENCE,
    Recurrence,
    RecurrenceCreate,
    RecurrencePatch,
    recurrence_response,
)
from todo_domain.draft import MAX_DESCRIPTION_LENGTH, MAX_TAG_LENGTH, MAX_TAGS, MAX_TITLE_LENGTH

_READ_ONLY: Final = frozenset(
    {
        "id",
        "user_id",
        "completed_at",
        "position",
        "successor_id",
        "created_at",
        "updated_at",
        "revision",
        "deleted_at",
    }
)

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
    "position": "a1",
    "successor_id": None,
    "created_at": "2026-11-21T09:30:00.123456Z",
    "updated_at": "2026-11-21T09:30:00.123456Z",
    "revision": 1,
}
EXAMPLE_TRASHED_TASK: Final = {**EXAMPLE_TASK, "revision": 2, "deleted_at": "2026-11-22T08:00:00.123456Z"}


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


def _describe(schema: dict[str, Any]) -> None:
    """Add a sentence about read-only fields, and an example, to the schema of a body."""
    schema["description"] += " Read-only fields of a task are accepted and ignored."
    decided = {name: value for name, value in EXAMPLE_TASK.items() if name not in _READ_ONLY}
    schema["examples"] = [decided]


def _describe_create(schema: dict[str, Any]) -> None:
    _describe(schema)
    recurs = {"properties": {"recurrence": {"type": "object"}}, "required": ["recurrence"]}
    fits = {"properties": {"due": {"type": "object"}, "complete": {"const": False}}, "required": ["due"]}
    schema |= {"if": recurs, "then": fits}


def _describe_patch(schema: dict[str, Any]) -> None:
    _describe(schema)
    schema["examples"].append({"move": "first"})
    schema["minProperties"] = 1


class _TaskBody(BaseModel):
    """The base of all bodies that describe a task: strict types, no unknown fields.

    A client may send back a task that it received: read-only fields are accepted and ignored.
    """

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True, json_schema_extra=_describe)
    ignored: ClassVar = _READ_ONLY
    examples: ClassVar = EXAMPLE_TASK

    @model_validator(mode="before")
    @classmethod
    def _ignore_read_only(cls, body: object) -> object:
        if isinstance(body, dict) and not _READ_ONLY.isdisjoint(body):
            return {name: value for name, value in body.items() if name not in _READ_ONLY}
        return body

    def _values(self) -> dict[str, Any]:
        """Return the fields in the body, with values of the domain."""
        values = {name: getattr(self, name) for name in self.model_fields_set if name != "move"}
        if "priority" in values:
            values["priority"] = PRIORITIES[values["priority"]]
        for name in ("due", "recurrence"):
            if values.get(name):
                values[name] = values[name].to_domain()
        if "checklist" in values:
            values["checklist"] = tuple(item.to_domain() for item in values["checklist"])
        return values


class TaskCreate(_TaskBody):
    """A new task."""

    model_config = ConfigDict(json_schema_extra=_describe_create)

    title: Title
    description: Description | None = None
    complete: bool = False
    priority: Priority = "medium"
    due: Due | None = None
    recurrence: RecurrenceCreate | None = None
    tags: Tags = []
    checklist: Checklist = []
    move: Move = Field(default_factory=absent)

    @cached_property
    def as_domain(self) -> domain.TaskDraft:
        """The draft; raises RuleViolated with the names of fields."""
        return domain.TaskDraft(**self._values())


class TaskUpdate(_TaskBody):
    """A full update of a task: an absent field keeps its value; null clears `description`, `due` and `recurrence`."""

    title: Title
    description: Description | None = Field(default_factory=absent)
    complete: bool
    priority: Priority = Field(default_factory=absent)
    due: Due | None = Field(default_factory=absent)
    recurrence: RecurrenceCreate | None = Field(default_factory=absent)
    tags: Tags = Field(default_factory=absent)
    checklist: Checklist = Field(default_factory=absent)
    move: Move = Field(default_factory=absent)

    @cached_property
    def as_domain(self) -> domain.TaskPatch:
        """The patch; raises RuleViolated with the names of fields."""
        return domain.TaskPatch(**self._values())


class TaskPatch(_TaskBody):
    """The fields to change (RFC 7396) or a move, at least one; null clears `description`, `due` and `recurrence`."""

    model_config = ConfigDict(json_schema_extra=_describe_patch)

    title: Title = Field(default_factory=absent)
    description: Description | None = Field(default_factory=absent)
    complete: bool = Field(default_factory=absent)
    priority: Priority = Field(default_factory=absent)
    due: DuePatch | None = Field(default_factory=absent)
    recurrence: RecurrencePatch | None = Field(default_factory=absent)
    tags: Tags = Field(default_factory=absent)
    checklist: Checklist = Field(default_factory=absent)
    move: Move = Field(default_factory=absent)

    @cached_property
    def as_domain(self) -> domain.TaskPatch | None:
        """The patch, None for a move alone; raises EmptyPatch, and RuleViolated with the names of fields."""
        if self.model_fields_set == {"move"}:
            return None
        return domain.TaskPatch(**self._values())


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
    position: str = Field(description="The place in the order by hand. It is opaque, and compares by bytes.")
    successor_id: int | None = Field(description="The task that was added when this recurring task was completed.")
    created_at: dt.datetime
    updated_at: dt.datetime
    revision: int


_PRIORITY_NAMES: Final = {priority: name for name, priority in PRIORITIES.items()}


def task_response(task: domain.Task) -> dict[str, Any]:
    """Serialize a task as a TaskResponse.

    It names each field, because deriving the dictionary from the schema takes twice the time.
    """
    return {
        "id": task.id,
        "user_id": task.user_id,
        "title": task.title,
        "description": task.description,
        "complete": task.complete,
        "completed_at": task.completed_at,
        "priority": _PRIORITY_NAMES[task.priority],
        "due": None if task.due is None else due_response(task.due),
        "recurrence": None if task.recurrence is None else recurrence_response(task.recurrence),
        "tags": task.tags,
        "checklist": task.checklist,
        "position": task.position,
        "successor_id": task.successor_id,
        "created_at": task.created_at,
        "updated_at": task.updated_at,
        "revision": task.revision,
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


class TrashedTaskResponse(TaskResponse):
    """A deleted task in the trash; `revision` is that of its deletion."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_TRASHED_TASK]})

    deleted_at: dt.datetime


class TrashResponse(BaseModel):
    """Tasks in the trash, the last deleted ones first; `next_cursor` is null on the last page."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"tasks": [EXAMPLE_TRASHED_TASK], "next_cursor": "W10"}]})

    tasks: list[TrashedTaskResponse]
    next_cursor: str | None


class OccurrencesResponse(BaseModel):
    """Days after the due on which a task recurs, in order; empty if it does not recur."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"occurrences": ["2026-12-03", "2026-12-07"]}]})

    occurrences: list[dt.date]


class TaskDeletion(BaseModel):
    """A deleted task: its id, and the revision of the deletion."""

    id: int
    deleted: Literal[True]
    revision: int


class ChangesResponse(BaseModel):
    """Changes in order of revision; `next` is the token to continue with, even if nothing has changed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "changes": [EXAMPLE_TASK, {"id": 7, "deleted": True, "revision": 42}],
                    "next": "k3v9.42",
                    "has_more": False,
                }
            ]
        }
    )

    changes: list[TaskResponse | TaskDeletion]
    next: str
    has_more: bool
