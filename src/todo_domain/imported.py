"""Tasks and projects that are imported, and what identifies them when they are imported again."""

import datetime as dt
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final, NamedTuple

from todo_domain.changes import Kind
from todo_domain.draft import TaskDraft
from todo_domain.identity import UserId
from todo_domain.project import Project, ProjectDraft
from todo_domain.rules import Violations
from todo_domain.task import Task

EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""The earliest time that an imported task or project may have."""

MAX_ORIGIN_ID: Final = 10**9
"""The highest id that is taken from an export: imported items get higher ids, and a list must not run out of them."""

_KEY = re.compile(r"[0-9a-f]{64}\Z")


def origin_key(source: str, *identity: str) -> str:
    """Return the key of an item: the SHA-256 of its source and of what identifies it there, in hexadecimal digits."""
    parts = (source, *identity)
    # With their lengths, so that different parts never give the same text. Import files may have lone surrogates.
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Origin:
    """What identifies an imported task or project.

    - key: from `origin_key`
    - user_id, id, created_at: those in the export of a list, all or none. If the user imports it, an item with this id
      and time of creation, or the second of that, is the same item
    """

    key: str
    user_id: str | None = None
    id: int | None = None
    created_at: datetime | None = None

    def id_for(self, user_id: UserId) -> int:
        """Return the id that the item may have in the list of a user, or 0."""
        return self.id if self.id and self.user_id == user_id else 0


class RememberedItem(NamedTuple):
    """The task or project that was added for a key; it may be deleted since."""

    key: str
    kind: Kind
    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedTask:
    """A task to import. Raises RuleViolated with all violations.

    - draft: without a project
    - project: where its project comes from
    - created_at, updated_at, completed_at: aware, in UTC, from 1970 on; None if they are not known.
      A later time than that of the import becomes that time
    - anchor: that of the recurrence; without it, the day of the due
    - in_trash: it is added to the trash
    """

    origin: Origin
    draft: TaskDraft
    project: Origin | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    completed_at: datetime | None = None
    anchor: dt.date | None = None
    in_trash: bool = False

    def __post_init__(self) -> None:
        """Check what the draft does not check."""
        found = Violations()
        _check_origin(found, self.origin)
        holds = isinstance(self.draft, TaskDraft) and self.draft.project_id is None
        found.expect(holds, ("draft",), "import_draft", "must be a draft without a project")
        if self.project is not None:
            _check_origin(found, self.project)
        _check_times(found, self, ("created_at", "updated_at", "completed_at"))
        found.raise_if_any()
        message = "must be null for a task that is not complete"
        found.expect(self.completed_at is None or self.draft.complete, ("completed_at",), "not_complete", message)
        found.raise_if_any()
        if self.draft.recurrence and self.anchor:
            self.draft.recurrence.anchored(self.anchor)

    def task(self, *, user_id: UserId, id: int, revision: int, at: datetime, project_id: int | None) -> Task:
        """Return the task as it is added."""
        created_at = min(self.created_at or at, at)
        completed_at = min(self.completed_at or at, at) if self.draft.complete else None
        task = Task.from_draft(self.draft, user_id=user_id, id=id, revision=revision, at=at)
        if self.draft.recurrence and self.anchor:
            task = task._replace(recurrence=self.draft.recurrence.anchored(self.anchor))
        return task._replace(
            project_id=project_id,
            created_at=created_at,
            completed_at=completed_at,
            updated_at=min(max(self.updated_at or at, created_at, completed_at or created_at), at),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedProject:
    """A project to import, with the rules of ImportedTask.

    - by_name: a project of the user with the same name is the same one, because the source knows only names
    """

    origin: Origin
    draft: ProjectDraft
    created_at: datetime | None = None
    updated_at: datetime | None = None
    in_trash: bool = False
    by_name: bool = False

    def __post_init__(self) -> None:
        """Check what the draft does not check."""
        found = Violations()
        _check_origin(found, self.origin)
        holds = isinstance(self.draft, ProjectDraft)
        found.expect(holds, ("draft",), "import_draft", "must be a draft of a project")
        _check_times(found, self, ("created_at", "updated_at"))
        found.raise_if_any()

    def project(self, *, user_id: UserId, id: int, revision: int, at: datetime) -> Project:
        """Return the project as it is added."""
        created_at = min(self.created_at or at, at)
        project = Project.from_draft(self.draft, user_id=user_id, id=id, revision=revision, at=at)
        return project._replace(created_at=created_at, updated_at=min(max(self.updated_at or at, created_at), at))


ImportedItem = ImportedTask | ImportedProject


def _check_origin(found: Violations, origin: object) -> None:
    holds = isinstance(origin, Origin) and bool(_KEY.match(origin.key))
    if isinstance(origin, Origin) and origin.id is not None:
        holds = holds and 1 <= origin.id <= MAX_ORIGIN_ID and origin.created_at is not None
    message = f"must have a key of 64 hexadecimal digits, and an id up to {MAX_ORIGIN_ID} only with a time"
    found.expect(holds, ("origin",), "origin", message)


def _check_times(found: Violations, item: Any, names: tuple[str, ...]) -> None:
    for name in names:
        time = getattr(item, name)
        holds = time is None or (isinstance(time, datetime) and time.tzinfo is UTC and time >= EARLIEST)
        found.expect(holds, (name,), "import_time", "must be a time in UTC from 1970 on")
