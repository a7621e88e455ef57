"""The data of one user: tasks, deletions and idempotency keys."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import nlargest, nsmallest
from operator import attrgetter
from typing import Any, Final

from todo_domain import (
    Change,
    Deletion,
    IdempotencyKey,
    ListCounters,
    LockTasks,
    Neighbour,
    Outcome,
    Read,
    Task,
    TaskNotFound,
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
    """All data of one user. Deletions and keys are stored with the time at which they were written."""

    counters: ListCounters = field(default_factory=ListCounters)
    purged_revision: int = 0
    tasks: dict[int, Task] = field(default_factory=dict)
    deletions: dict[int, tuple[Deletion, datetime]] = field(default_factory=dict)
    keys: dict[str, StoredKey] = field(default_factory=dict)

    def find(self, task_id: int) -> Task:
        """Return the task. Raises TaskNotFound."""
        task = self.tasks.get(task_id)
        if task is None:
            raise TaskNotFound(task_id)
        return task

    def write(self, changes: Iterable[Change], counters: ListCounters, at: datetime) -> None:
        """Store changes together with the counters that they were made with."""
        self.counters = counters
        for change in changes:
            if isinstance(change, Deletion):
                self.tasks.pop(change.id, None)
                self.deletions[change.id] = (change, at)
            else:
                self.tasks[change.id] = change

    def read(self, asked: Read) -> Any:
        """Read what the evaluation of a batch asks for."""
        if isinstance(asked, LockTasks):
            return [self.tasks[task_id] for task_id in asked.ids if task_id in self.tasks]
        others = [Neighbour(task.id, task.position) for task in self.tasks.values()]
        below = (each for each in others if each.position < asked.position)
        above = (each for each in others if each.position > asked.position)
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

    def oldest_deletions(self, count: int) -> Sequence[Deletion]:
        """Return so many of the deletions, those with the lowest revisions."""
        return nsmallest(count, (deletion for deletion, _ in self.deletions.values()), key=lambda each: each.revision)

    def forget_deletion(self, deletion: Deletion) -> None:
        """Drop a deletion, so that feed tokens from before its revision expire."""
        del self.deletions[deletion.id]
        self.counters = self.counters._replace(deletion_count=self.counters.deletion_count - 1)
        self.purged_revision = max(self.purged_revision, deletion.revision)
