"""The trash: deleted tasks and projects whose content is kept, so that they can be restored."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from todo_domain.cursor import Position, cursor_refused, decode_cursor, encode_cursor
from todo_domain.project import TrashedProject
from todo_domain.rules import check_page_size
from todo_domain.task import MAX_REVISION, Task

DEFAULT_TRASH: Final = 100
MAX_TRASH: Final = 500
MAX_ERASED: Final = 250
"""The most tasks that are erased at once when the trash of a user is emptied."""

_IDENTITY: Final = "trash"


class TrashedTask(NamedTuple):
    """A task in the trash: deleted, with its content. The revision of `task` is that of its deletion.

    - deleted_with: the project whose removal removed the task
    """

    task: Task
    deleted_at: datetime
    deleted_with: int | None = None

    @property
    def id(self) -> int:
        """The id of the task."""
        return self.task.id

    @property
    def revision(self) -> int:
        """The revision of the deletion."""
        return self.task.revision

    def erased(self) -> "Tombstone":
        """Return what is left of the task without its content."""
        return Tombstone(self.id, self.revision, self.deleted_at)

    def restored(self, at: datetime) -> Task:
        """Return the task as it is in the list again, but for its revision and its position."""
        return self.task._replace(updated_at=max(at, self.task.updated_at), succeeds=None)


class Tombstone(NamedTuple):
    """What is kept of a deleted task whose content was erased; `revision` is that of the deletion."""

    id: int
    revision: int
    deleted_at: datetime


TaskState = Task | TrashedTask | Tombstone
"""A task as a store has it: in the list, in the trash, or erased."""


def removed(task: Task, revision: int, at: datetime, *, permanent: bool) -> TrashedTask | Tombstone:
    """Return the state of a task after its removal, which has this revision."""
    return Tombstone(task.id, revision, at) if permanent else TrashedTask(task._replace(revision=revision), at)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrashQuery:
    """Lists the tasks and projects in the trash of a user, the last deleted ones first. Raises RuleViolated.

    - limit: 1–500 tasks and projects together
    - cursor: the `next_cursor` of a page
    - before: only deletions with a lower revision
    """

    limit: int = DEFAULT_TRASH
    cursor: str | None = None
    before: int = field(init=False, default=MAX_REVISION + 1)

    def __post_init__(self) -> None:
        """Check the limit, and decode the cursor."""
        check_page_size(self.limit, MAX_TRASH)
        if self.cursor is not None:
            before = decode_cursor(self.cursor, _IDENTITY).value
            if not isinstance(before, int):
                raise cursor_refused()
            object.__setattr__(self, "before", before)

    def page(
        self, tasks: Sequence[TrashedTask], projects: Sequence[TrashedProject], revision: int, count: int
    ) -> "TrashPage":
        """Return the page for what an adapter found, in order: all below `before`, or the first `limit + 1` of each.

        `revision` is that of the list, and `count` the number of all tasks and projects in the trash.
        """
        found: list[TrashedTask | TrashedProject] = [*tasks, *projects]
        found.sort(key=lambda each: each.revision, reverse=True)
        cursor, listed = None, found[: self.limit]
        if len(found) > self.limit:
            cursor = encode_cursor(_IDENTITY, Position(listed[-1].revision, listed[-1].id))
        return TrashPage(
            tuple(each for each in listed if isinstance(each, TrashedTask)),
            tuple(each for each in listed if isinstance(each, TrashedProject)),
            cursor,
            revision,
            count,
        )


@dataclass(frozen=True, slots=True)
class TrashPage:
    """Some tasks and projects of the trash, each in order; `next_cursor` is None on the last page.

    `revision` is that of the list, and `count` the number of all that is in the trash. Both together
    identify the content of the trash: only changes of the list add to it.
    """

    tasks: tuple[TrashedTask, ...]
    projects: tuple[TrashedProject, ...]
    next_cursor: str | None
    revision: int
    count: int
