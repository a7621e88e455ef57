"""A project: tasks that belong together."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple, Self

from todo_domain.draft import ABSENT, Absent
from todo_domain.errors import EmptyPatch, PreconditionFailed
from todo_domain.identity import UserId
from todo_domain.position import initial_position
from todo_domain.rules import Violations

MAX_NAME_LENGTH: Final = 100
MAX_PROJECTS: Final = 200
"""The most projects that a user may have."""
MAX_PROJECT_DELETIONS: Final = 1000
"""The most deletions of projects of one user that are remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectDraft:
    """The values of a new project. Raises RuleViolated with all violations.

    - name: 1–100 code points on one line, at least one visible; white space at both ends is removed
    """

    name: str
    archived: bool = False

    def __post_init__(self) -> None:
        """Check and normalize every field."""
        _accept(self, {"name": self.name, "archived": self.archived})


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPatch:
    """The fields of a project to change, with the rules of ProjectDraft; absent fields keep their values.

    Raises EmptyPatch if all fields are absent, and RuleViolated with all violations.
    """

    name: str | Absent = ABSENT
    archived: bool | Absent = ABSENT

    def __post_init__(self) -> None:
        """Check and normalize every field that is not absent."""
        if not (named := self.named_fields()):
            raise EmptyPatch
        _accept(self, named)

    def named_fields(self) -> dict[str, Any]:
        """Return the fields that are not absent."""
        fields = {"name": self.name, "archived": self.archived}
        return {name: value for name, value in fields.items() if value is not ABSENT}


class Project(NamedTuple):
    """One project as it stands at one revision of its owner's list.

    - id: 1, 2, 3 … per user, counted apart from tasks, never used again
    - archived: no task can be put into it; tasks that are in it can be changed
    - revision, position and the times: as of a Task

    The constructor does not check its arguments, so that adapters can restore stored projects.
    """

    user_id: UserId
    id: int
    revision: int
    name: str
    archived: bool
    position: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_draft(  # noqa: PLR0913 - what a store adds to the draft
        cls, draft: ProjectDraft, *, user_id: UserId, id: int, revision: int, at: datetime, position: str | None = None
    ) -> Self:
        """Create the project that a draft describes; without a position, it is after all others."""
        return cls(
            user_id=user_id,
            id=id,
            revision=revision,
            name=draft.name,
            archived=draft.archived,
            position=initial_position(id) if position is None else position,
            created_at=at,
            updated_at=at,
        )

    def patched(self, patch: ProjectPatch, at: datetime) -> Self:
        """Return the project with the patch applied, or the same object if every value is equal."""
        return self._changed(at, **patch.named_fields())

    def moved(self, position: str, at: datetime) -> Self:
        """Return the project at a position in the order by hand."""
        return self._changed(at, position=position)

    def require(self, expected: Container[int] | None) -> None:
        """Raise PreconditionFailed unless the project is at an expected revision; None accepts every revision."""
        if expected is not None and self.revision not in expected:
            raise PreconditionFailed(self.revision)

    def _changed(self, at: datetime, **named: Any) -> Self:
        if all(getattr(self, name) == value for name, value in named.items()):
            return self
        return self._replace(updated_at=max(at, self.updated_at), **named)


class TrashedProject(NamedTuple):
    """A project in the trash: deleted, with its content. The revision of `project` is that of its deletion."""

    project: Project
    deleted_at: datetime

    @property
    def id(self) -> int:
        """The id of the project."""
        return self.project.id

    @property
    def revision(self) -> int:
        """The revision of the deletion."""
        return self.project.revision

    def erased(self) -> "ProjectTombstone":
        """Return what is left of the project without its content."""
        return ProjectTombstone(self.id, self.revision, self.deleted_at)


class ProjectTombstone(NamedTuple):
    """What is kept of a deleted project whose content was erased; `revision` is that of the deletion."""

    id: int
    revision: int
    deleted_at: datetime


ProjectState = Project | TrashedProject | ProjectTombstone
"""A project as a store has it: among the projects, in the trash, or erased."""


@dataclass(frozen=True, slots=True)
class ProjectList:
    """All projects of a user by position, and the revision of the user's list."""

    projects: tuple[Project, ...]
    revision: int


def _accept(target: ProjectDraft | ProjectPatch, fields: dict[str, Any]) -> None:
    """Check and normalize these fields of a frozen target. Raises RuleViolated."""
    found = Violations()
    if "name" in fields:
        object.__setattr__(target, "name", found.single_line(("name",), fields["name"], MAX_NAME_LENGTH))
    if "archived" in fields:
        found.expect(isinstance(fields["archived"], bool), ("archived",), "bool_type", "must be true or false")
    found.raise_if_any()
