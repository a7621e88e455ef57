"""The bodies of requests that create or change a task, and their conversion to the domain."""

from functools import cached_property
from typing import Any, ClassVar, Final

from pydantic import ConfigDict, Field

import todo_domain as domain
from todo_api.schemas.checklist import Checklist
from todo_api.schemas.due import Due, DuePatch, absent
from todo_api.schemas.formats import Id
from todo_api.schemas.move import Move
from todo_api.schemas.recurrence import RecurrenceCreate, RecurrencePatch
from todo_api.schemas.resource_body import ResourceBody
from todo_api.schemas.tasks import EXAMPLE_TASK, PRIORITIES, Description, Priority, Tags, Title

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
        "kind",
    }
)


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


class _TaskBody(ResourceBody):
    """The base of all bodies that describe a task."""

    model_config = ConfigDict(json_schema_extra=_describe)
    ignored: ClassVar = _READ_ONLY
    examples: ClassVar = EXAMPLE_TASK

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
    tags: Tags = Field([])
    checklist: Checklist = Field([])
    project_id: Id | None = None
    move: Move = Field(default_factory=absent)

    @cached_property
    def as_domain(self) -> domain.TaskDraft:
        """The draft; raises RuleViolated with the names of fields."""
        return domain.TaskDraft(**self._values())


class TaskUpdate(_TaskBody):
    """A full update of a task: an absent field keeps its value.

    Null clears `description`, `due`, `recurrence` and `project_id`.
    """

    title: Title
    description: Description | None = Field(default_factory=absent)
    complete: bool
    priority: Priority = Field(default_factory=absent)
    due: Due | None = Field(default_factory=absent)
    recurrence: RecurrenceCreate | None = Field(default_factory=absent)
    tags: Tags = Field(default_factory=absent)
    checklist: Checklist = Field(default_factory=absent)
    project_id: Id | None = Field(default_factory=absent)
    move: Move = Field(default_factory=absent)

    @cached_property
    def as_domain(self) -> domain.TaskPatch:
        """The patch; raises RuleViolated with the names of fields."""
        return domain.TaskPatch(**self._values())


class TaskPatch(_TaskBody):
    """The fields to change (RFC 7396) or a move, at least one.

    Null clears `description`, `due`, `recurrence` and `project_id`.
    """

    model_config = ConfigDict(json_schema_extra=_describe_patch)

    title: Title = Field(default_factory=absent)
    description: Description | None = Field(default_factory=absent)
    complete: bool = Field(default_factory=absent)
    priority: Priority = Field(default_factory=absent)
    due: DuePatch | None = Field(default_factory=absent)
    recurrence: RecurrencePatch | None = Field(default_factory=absent)
    tags: Tags = Field(default_factory=absent)
    checklist: Checklist = Field(default_factory=absent)
    project_id: Id | None = Field(default_factory=absent)
    move: Move = Field(default_factory=absent)

    @cached_property
    def as_domain(self) -> domain.TaskPatch | None:
        """The patch, None for a move alone; raises EmptyPatch, and RuleViolated with the names of fields."""
        if self.model_fields_set == {"move"}:
            return None
        return domain.TaskPatch(**self._values())
