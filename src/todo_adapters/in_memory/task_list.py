"""The data of one user: tasks, deleted tasks and idempotency keys."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import nlargest, nsmallest
from operator import attrgetter
from typing import Any, Final

from todo_domain import (
    IdempotencyKey,
    ListCounters,
    LockTasks,
    Neighbour,
    Outcome,
    Read,
    Task,
    TaskNotFound,
    TaskState,
    Tombstone,
    TrashedTask,
)

_BY_POSITION: Final = attrgetter("position")


@dataclass(slots=True)
class StoredKey:
    """What is stored of an idempotency key: its request, what the request did, and when."""

    fingerprint: str
    outcomes: tuple[Outcome, ...]
    at: datetime


@dataclass(slots=True)
class TaskList:
    """All data of one user."""

    counters: ListCounters = field(default_factory=ListCounters)
    purged_revision: int = 0
    tasks: dict[int, Task] = field(default_factory=dict)
    deleted: dict[int, TrashedTask | Tombstone] = field(default_factory=dict)
    keys: dict[str, StoredKey] = field(default_factory=dict)

    def find(self, task_id: int) -> Task:
        """Return the task. Raises TaskNotFound."""
        task = self.tasks.get(task_id)
        if task is None:
            raise TaskNotFound(task_id)
        return task

    @property
    def trash(self) -> Sequence[TrashedTask]:
        """The tasks in the trash, in order of the revisions of their deletions."""
        trashed = [deleted for deleted in self.deleted.values() if isinstance(deleted, TrashedTask)]
        return sorted(trashed, key=lambda each: each.revision)

    def find_states(self, task_ids: Iterable[int]) -> dict[int, TaskState]:
        """Return the tasks with these ids that exist or were deleted."""
        found = ((task_id, self.tasks.get(task_id) or self.deleted.get(task_id)) for task_id in task_ids)
        return {task_id: state for task_id, state in found if state}

    def write(self, changes: Iterable[TaskState], counters: ListCounters) -> None:
        """Store changes together with the counters that they were made with."""
        self.counters = counters
        for change in changes:
            self.tasks.pop(change.id, None)
            self.deleted.pop(change.id, None)
            if isinstance(change, Task):
                self.tasks[change.id] = change
            else:
                self.deleted[change.id] = change

    def read(self, asked: Read) -> Any:
        """Read what the evaluation of a batch asks for."""
        if isinstance(asked, LockTasks):
            return [self.tasks[task_id] for task_id in asked.ids if task_id in self.tasks]
        others = [Neighbour(task.id, task.position) for task in self.tasks.values()]
        below = (each for each in others if each.position < asked.position)
        above = (each for each in others if each.position >= asked.position)
        return nlargest(asked.reach, below, _BY_POSITION), nsmallest(asked.reach, above, _BY_POSITION)

    def find_key(self, key: IdempotencyKey | None) -> StoredKey | None:
        """Return what is stored of a key, None if nothing is. Raises IdempotencyConflict."""
        stored = self.keys.get(key.key) if key else None
        if key and stored:
            key.require_fingerprint(stored.fingerprint)
        return stored

    def store_key(self, key: IdempotencyKey | None, outcomes: tuple[Outcome, ...], at: datetime) -> None:
        """Store a key with what its request did."""
        if key:
            self.keys[key.key] = StoredKey(key.fingerprint, outcomes, at)

    def forget_key(self, key: str) -> None:
        """Drop a key and what its request did."""
        stored = self.keys.pop(key)
        self.counters = self.counters.with_outcomes(-len(stored.outcomes))

    def oldest_deletions(self, count: int) -> Sequence[TrashedTask | Tombstone]:
        """Return so many of the deletions, those with the lowest revisions."""
        return nsmallest(count, self.deleted.values(), key=lambda each: each.revision)

    def erase(self, trashed: TrashedTask) -> None:
        """Drop the content of a task in the trash."""
        self.deleted[trashed.id] = trashed.erased()
        self.counters = self.counters._replace(trash_count=self.counters.trash_count - 1)

    def forget_deletion(self, deletion: TrashedTask | Tombstone) -> None:
        """Drop a deletion, so that feed tokens from before its revision expire."""
        if isinstance(deletion, TrashedTask):
            self.erase(deletion)
        del self.deleted[deletion.id]
        self.counters = self.counters._replace(deletion_count=self.counters.deletion_count - 1)
        self.purged_revision = max(self.purged_revision, deletion.revision)
