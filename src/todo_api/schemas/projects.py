"""The bodies of requests and responses about projects, and their conversion to the domain."""

import datetime as dt
from functools import cached_property
from typing import Annotated, Any, ClassVar, Final

from pydantic import BaseModel, ConfigDict, Field

import todo_domain as domain
from todo_api.schemas.due import absent
from todo_api.schemas.formats import single_line
from todo_api.schemas.move import Move
from todo_api.schemas.resource_body import ResourceBody
from todo_domain.project import MAX_NAME_LENGTH

_READ_ONLY: Final = frozenset(
    {"id", "user_id", "position", "created_at", "updated_at", "revision", "deleted_at", "kind"}
)

EXAMPLE_PROJECT: Final[dict[str, Any]] = {
    "id": 1,
    "user_id": "alice",
    "name": "Household",
    "archived": False,
    "position": "a1",
    "created_at": "2026-11-21T09:30:00.123456Z",
    "updated_at": "2026-11-21T09:30:00.123456Z",
    "revision": 2,
}

Name = Annotated[str, Field(json_schema_extra=single_line(MAX_NAME_LENGTH))]


def _describe(schema: dict[str, Any]) -> None:
    schema["description"] += " Read-only fields of a project are accepted and ignored."
    schema["examples"] = [{"name": "Household", "archived": False}]


def _describe_patch(schema: dict[str, Any]) -> None:
    _describe(schema)
    schema["minProperties"] = 1


class _ProjectBody(ResourceBody):
    """The base of all bodies that describe a project."""

    model_config = ConfigDict(json_schema_extra=_describe)
    ignored: ClassVar = _READ_ONLY
    examples: ClassVar = EXAMPLE_PROJECT

    def _values(self) -> dict[str, Any]:
        """Return the fields of the project in the body."""
        return {name: getattr(self, name) for name in self.model_fields_set if name != "move"}


class ProjectCreate(_ProjectBody):
    """A new project."""

    name: Name
    archived: bool = False
    move: Move = Field(default_factory=absent)

    @cached_property
    def as_domain(self) -> domain.ProjectDraft:
        """The draft; raises RuleViolated with the names of fields."""
        return domain.ProjectDraft(**self._values())


class ProjectPatch(_ProjectBody):
    """The fields to change (RFC 7396) or a move, at least one."""

    model_config = ConfigDict(json_schema_extra=_describe_patch)

    name: Name = Field(default_factory=absent)
    archived: bool = Field(default_factory=absent)
    move: Move = Field(default_factory=absent)

    @cached_property
    def as_domain(self) -> domain.ProjectPatch | None:
        """The patch, None for a move alone; raises EmptyPatch, and RuleViolated with the names of fields."""
        if self.model_fields_set == {"move"}:
            return None
        return domain.ProjectPatch(**self._values())


class ProjectResponse(BaseModel):
    """A project."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_PROJECT]})

    id: int
    user_id: str
    name: str
    archived: bool
    position: str
    created_at: dt.datetime
    updated_at: dt.datetime
    revision: int


class ProjectListResponse(BaseModel):
    """All projects by position; `count` is their number."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"projects": [EXAMPLE_PROJECT], "count": 1, "revision": 2}]}
    )

    projects: list[ProjectResponse]
    count: int
    revision: int = Field(description="The revision of the whole list; it increases with every change.")


def project_response(project: domain.Project) -> dict[str, Any]:
    """Serialize a project as a ProjectResponse."""
    return {name: getattr(project, name) for name in ProjectResponse.model_fields}
