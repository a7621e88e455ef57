"""The parameters in the path and the query of a request, except those of the change feed."""

from functools import cached_property
from typing import Annotated, Any, ClassVar, Final, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypeAliasType

import todo_domain as domain
from todo_api.schemas.formats import MULTILINE, Count, Day, Flag, ProjectFilter, whole_in_text
from todo_api.schemas.tasks import PRIORITIES, Priority, Tag
from todo_domain.draft import MAX_TAGS
from todo_domain.identity import MAX_USER_ID_LENGTH, USER_ID_CHARACTERS
from todo_domain.listing import MAX_LIMIT, MAX_SEARCH_LENGTH
from todo_domain.task import MAX_TASK_ID
from todo_domain.trash import DEFAULT_TRASH, MAX_TRASH
from todo_domain.use_cases import DEFAULT_OCCURRENCES, MAX_OCCURRENCES

UserIdInPath = Annotated[
    str,
    Path(
        description="The owner of the tasks, who must be the caller.",
        json_schema_extra={
            "minLength": 1,
            "maxLength": MAX_USER_ID_LENGTH,
            "pattern": rf"^[{USER_ID_CHARACTERS}]{{1,{MAX_USER_ID_LENGTH}}}$",
        },
        examples=["alice"],
    ),
]
TaskId = Annotated[
    int,
    Path(description="The id of a task of this owner.", ge=1, le=MAX_TASK_ID, examples=[1]),
    whole_in_text(MAX_TASK_ID),
]
ProjectId = Annotated[
    int,
    Path(description="The id of a project of this owner.", ge=1, le=MAX_TASK_ID, examples=[1]),
    whole_in_text(MAX_TASK_ID),
]
AccessTokenId = Annotated[
    str, Path(description="The id of an access token of this owner.", examples=["5f2b8c1d9e0a7346"])
]
CalendarToken = Annotated[
    str,
    Path(
        description="An access token of the user with the scope `calendar:read`.",
        json_schema_extra={"pattern": "^todo_pat_[A-Za-z0-9_-]{2,171}\\.[A-Za-z0-9_-]{43}$", "maxLength": 224},
        examples=["todo_pat_YWxpY2U.nVdE2rD1m0yB7hQ5wZ8kP3sX6tF9gJ4cL1aR0oU5iHs"],
    ),
]
_SortName = Literal[
    "created_at",
    "-created_at",
    "updated_at",
    "-updated_at",
    "due",
    "-due",
    "priority",
    "-priority",
    "title",
    "-title",
    "position",
    "-position",
]
Sort = TypeAliasType("Sort", _SortName)
CalendarKind = TypeAliasType("CalendarKind", Literal["event", "todo"])


_CURSOR: Final[dict[str, Any]] = {"pattern": "^[A-Za-z0-9_-]+$"}


class ListParameters(BaseModel):
    """Which tasks to list, in which order, and how many."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    # Whether a cursor is valid depends on all other parameters.
    depends_on_all_others: ClassVar = frozenset({"cursor"})

    complete: Flag | None = Field(None, description="Only complete tasks, or only incomplete tasks.")
    priority: list[Priority] = Field([], description="The task has one of these priorities.")
    tag: list[Tag] = Field(
        [],
        description="The task has all of these tags, compared without case.",
        json_schema_extra={"maxItems": MAX_TAGS},
    )
    due_from: Day | None = Field(None, description="The first day on which the task may be due.")
    due_until: Day | None = Field(None, description="The last day on which the task may be due.")
    q: str | None = Field(
        None,
        description="Text that the title, the description or an item contains, compared without case.",
        json_schema_extra={"minLength": 1, "maxLength": MAX_SEARCH_LENGTH, **MULTILINE},
    )
    project: ProjectFilter | None = Field(None, description="The task is in this project, or in none.")
    sort: Sort = Field("created_at", description="Descending with `-`; equal values by id; tasks without a value last.")
    limit: Count | None = Field(
        None,
        description="The maximum number of tasks. Without it, the response has all tasks.",
        json_schema_extra={"minimum": 1, "maximum": MAX_LIMIT},
    )
    cursor: str | None = Field(
        None, description="The `next_cursor` of a page of the same query.", json_schema_extra=_CURSOR
    )

    @cached_property
    def as_domain(self) -> domain.TaskQuery:
        """The query; raises RuleViolated with the names of parameters."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return domain.TaskQuery(
            **values
            | {
                "project": domain.ABSENT if self.project is None else self.project or None,
                "priority": frozenset(PRIORITIES[name] for name in self.priority),
                "tag": tuple(self.tag),
                "sort": domain.SortKey(self.sort.removeprefix("-")),
                "descending": self.sort.startswith("-"),
            }
        )


class CalendarParameters(BaseModel):
    """What tasks are in a calendar."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    kind: CalendarKind = Field(
        "event",
        alias="as",
        description="Whether tasks are events (VEVENT) or to-dos (VTODO), which most calendars don't show.",
    )

    @property
    def as_domain(self) -> str:
        """The kind."""
        return self.kind


class RemovalParameters(BaseModel):
    """How to delete a task."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    permanent: Flag = Field(default=False, description="Erase the content at once; don't keep it in the trash.")

    @property
    def as_domain(self) -> bool:
        """Whether the removal is permanent."""
        return self.permanent


class TrashParameters(BaseModel):
    """Where to continue in the trash, and how much to list."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    limit: Count = Field(
        DEFAULT_TRASH,
        description="The maximum number of tasks and projects in the response.",
        json_schema_extra={"minimum": 1, "maximum": MAX_TRASH},
    )
    cursor: str | None = Field(None, description="The `next_cursor` of a page of the trash.", json_schema_extra=_CURSOR)

    @cached_property
    def as_domain(self) -> domain.TrashQuery:
        """The query; raises RuleViolated with the names of parameters."""
        return domain.TrashQuery(limit=self.limit, cursor=self.cursor)


class OccurrenceParameters(BaseModel):
    """How many days to preview."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    limit: Count = Field(
        DEFAULT_OCCURRENCES,
        description="The maximum number of days in the response.",
        json_schema_extra={"minimum": 1, "maximum": MAX_OCCURRENCES},
    )

    @property
    def as_domain(self) -> int:
        """The limit; the use case checks it."""
        return self.limit


class ExportParameters(BaseModel):
    """The format of an export."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    format: Literal["ndjson", "csv", "ical"] | None = Field(
        None, description="The format. Without it, the header `Accept` decides; the default is `ndjson`."
    )

    @property
    def as_domain(self) -> str | None:
        """The name of the format."""
        return self.format
