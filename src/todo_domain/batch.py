"""Several operations on one list, done atomically."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from todo_domain.changes import Change, Deletion
from todo_domain.counters import ListCounters
from todo_domain.draft import TaskDraft, TaskPatch
from todo_domain.errors import BatchFailed, TaskNotFound, TodoError
from todo_domain.identity import UserId
from todo_domain.rules import Violations
from todo_domain.task import Task

MAX_OPERATIONS: Final = 100


@dataclass(frozen=True, slots=True)
class Create:
    """Add a task."""

    draft: TaskDraft


@dataclass(frozen=True, slots=True)
class Patch:
    """Change a task that is at one of the expected revisions; None accepts every revision."""

    task_id: int
    patch: TaskPatch
    expected: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove a task that is at one of the expected revisions; None accepts every revision."""

    task_id: int
    expected: frozenset[int] | None = None


Operation = Create | Patch | Remove


@dataclass(frozen=True, slots=True)
class Outcome:
    """The effect of one operation: the id of its task, and that task's revision afterwards.

    It contains no text of the task, so it can be stored for a replay even after the task is deleted.
    """

    task_id: int
    revision: int


@dataclass(frozen=True, slots=True)
class BatchResult:
    """One outcome per operation, in order; `replayed` is true if the batch was done before."""

    outcomes: tuple[Outcome, ...]
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class BatchEffects:
    """What to write for a batch: the final state of every changed task, and the new counters.

    A task that the batch both creates and removes is a deletion without a stored task.
    """

    changes: tuple[Change, ...]
    counters: ListCounters
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """1–100 operations that see each other's effects in order. Raises RuleViolated.

    In one transaction, an adapter must read and lock the tasks in `task_ids` and the
    list's counters, call `evaluate`, check the quotas, and write the effects.
    """

    operations: tuple[Operation, ...]

    def __post_init__(self) -> None:
        """Check the number of operations, and that they are operations."""
        found = Violations()
        if not isinstance(self.operations, tuple) or not 1 <= len(self.operations) <= MAX_OPERATIONS:
            found.add(("operations",), "batch_size", f"must have 1 to {MAX_OPERATIONS} operations")
            found.raise_if_any()
        for index, operation in enumerate(self.operations):
            holds = isinstance(operation, Operation)
            found.expect(holds, ("operations", index), "operation_type", "must be a create, a patch or a remove")
        found.raise_if_any()

    @property
    def task_ids(self) -> Sequence[int]:
        """The ids of the tasks that operations name, in ascending order: lock them in this order."""
        return sorted({operation.task_id for operation in self.operations if not isinstance(operation, Create)})

    def evaluate(
        self, user_id: UserId, stored: Mapping[int, Task], counters: ListCounters, at: datetime
    ) -> BatchEffects:
        """Compute the effects on stored tasks. Each operation that changes a task gets the next revision.

        Raises BatchFailed at the first operation that fails. Pure: `stored` is not changed.
        """
        effects = _ListState(user_id, dict(stored), counters, at)
        for index, operation in enumerate(self.operations):
            try:
                effects.apply(operation)
            except TodoError as cause:
                raise BatchFailed(index, cause) from cause
        return BatchEffects(tuple(effects.changes.values()), effects.counters, tuple(effects.outcomes))


class _ListState:
    """The state of a list while a batch is evaluated on it."""

    def __init__(self, user_id: UserId, tasks: dict[int, Task], counters: ListCounters, at: datetime) -> None:
        self._user_id = user_id
        self._tasks = tasks
        self._at = at
        self.counters = counters
        self.changes: dict[int, Change] = {}
        self.outcomes: list[Outcome] = []

    def apply(self, operation: Operation) -> None:
        revision = self.counters.next_revision
        match operation:
            case Create(draft):
                task_id = self.counters.last_task_id + 1
                self._put(Task.from_draft(draft, user_id=self._user_id, id=task_id, revision=revision, at=self._at))
            case Patch(task_id, patch, expected):
                task = self._expect(task_id, expected)
                patched = task.patched(patch, self._at)
                if patched is task:
                    self.outcomes.append(Outcome(task_id, task.revision))
                else:
                    self._put(patched._replace(revision=revision))
            case Remove(task_id, expected):  # pragma: no branch  # mypy checks that this is the last case
                self._expect(task_id, expected)
                self._record(Deletion(task_id, revision))
                del self._tasks[task_id]

    def _expect(self, task_id: int, expected: frozenset[int] | None) -> Task:
        task = self._tasks.get(task_id)
        if task is None:
            raise TaskNotFound(task_id)
        task.require(expected)
        return task

    def _put(self, task: Task) -> None:
        self._record(task)
        self._tasks[task.id] = task

    def _record(self, change: Change) -> None:
        self.counters = self.counters.after(change, self._tasks.get(change.id))
        self.changes[change.id] = change
        self.outcomes.append(Outcome(change.id, change.revision))
