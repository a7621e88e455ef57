"""The tasks that a batch changes without reading them whole: those of a removed or restored project."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from todo_domain.operations import BulkChange, BulkKind
from todo_domain.placement import Neighbour
from todo_domain.reads import StoredTask
from todo_domain.trash import TaskState


class _Change(NamedTuple):
    kind: BulkKind
    project_id: int
    task: StoredTask
    revision: int


class BulkChanges:
    """What a batch has done so far to tasks that it has not read whole."""

    def __init__(self, at: datetime) -> None:
        self._at = at
        self._changes: dict[int, _Change] = {}

    @property
    def ids(self) -> Collection[int]:
        """The ids of the changed tasks."""
        return self._changes.keys()

    def add(self, kind: BulkKind, project_id: int, tasks: Sequence[StoredTask], first_revision: int) -> None:
        """Change tasks at consecutive revisions."""
        for revision, task in enumerate(tasks, first_revision):
            self._changes[task.id] = _Change(kind, project_id, task, revision)

    def ids_of(self, project_id: int) -> Sequence[int]:
        """Return the ids of the tasks that were changed with a project."""
        return [task_id for task_id, change in self._changes.items() if change.project_id == project_id]

    def restored(self) -> Sequence[Neighbour]:
        """Return the tasks that were restored."""
        restored = (each.task for each in self._changes.values() if each.kind is BulkKind.RESTORE)
        return [Neighbour(task.id, task.position) for task in restored]

    def take(self, stored: TaskState) -> TaskState:
        """Return a task as it is after its change, from here on a change of its own."""
        kind, project_id, _, revision = self._changes.pop(stored.id)
        return BulkChange(kind, project_id, {stored.id: revision}, self._at).applied_to(stored)

    def by_kind(self) -> tuple[BulkChange, ...]:
        """Return the changes, those of one project and one kind together."""
        groups = defaultdict[tuple[BulkKind, int], dict[int, int]](dict)
        for task_id, change in self._changes.items():
            groups[change.kind, change.project_id][task_id] = change.revision
        return tuple(
            BulkChange(kind, project_id, revisions, self._at) for (kind, project_id), revisions in groups.items()
        )
