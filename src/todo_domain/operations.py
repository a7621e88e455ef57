"""The operations of a batch, and their effects."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from todo_domain.counters import ListCounters
from todo_domain.draft import TaskDraft, TaskPatch
from todo_domain.errors import EmptyPatch
from todo_domain.move import Move
from todo_domain.quotas import Quotas
from todo_domain.trash import TaskState


@dataclass(frozen=True, slots=True)
class Create:
    """Add a task; without a move, after all other tasks."""

    draft: TaskDraft
    move: Move | None = None


@dataclass(frozen=True, slots=True)
class Patch:
    """Change or move a task that is at one of the expected revisions; None accepts every revision.

    Raises EmptyPatch without a patch and a move.
    """

    task_id: int
    patch: TaskPatch | None = None
    expected: Container[int] | None = None
    move: Move | None = None

    def __post_init__(self) -> None:
        """Check that there is something to do."""
        if self.patch is None and self.move is None:
            raise EmptyPatch


@dataclass(frozen=True, slots=True)
class Remove:
    """Move a task that is at one of the expected revisions to the trash, or erase it if that is `permanent`."""

    task_id: int
    expected: Container[int] | None = None
    permanent: bool = False


@dataclass(frozen=True, slots=True)
class Restore:
    """Put a task from the trash back into the list if its deletion is at one of the expected revisions."""

    task_id: int
    expected: Container[int] | None = None


@dataclass(frozen=True, slots=True)
class Erase:
    """Erase a task in the trash if its deletion is at one of the expected revisions. Its revision stays."""

    task_id: int
    expected: Container[int] | None = None


Operation = Create | Patch | Remove | Restore | Erase


@dataclass(frozen=True, slots=True)
class Outcome:
    """The effect of one operation: the id of its task, and that task's revision afterwards.

    - position: the position that a move gave the task; None without a move

    It contains no text of the task, so it can be stored for a replay even after the task is deleted.
    """

    task_id: int
    revision: int
    position: str | None = None


@dataclass(frozen=True, slots=True)
class BatchResult:
    """One outcome per operation, in order; `replayed` is true if the batch was done before.

    - at: the time at which it was done
    - tasks: the final states by id, at least of the tasks that the operations named or added; empty if replayed
    """

    outcomes: tuple[Outcome, ...]
    at: datetime
    replayed: bool = False
    tasks: Mapping[int, TaskState] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class BatchEffects:
    """What to write for a batch: the final state of every changed task, and the new counters.

    A task that the batch both creates and removes is a change without a stored task.
    - successors: how many of the tasks were added because a recurring task was completed
    - tasks: the final states by id, at least of the tasks that the operations named or added
    """

    changes: tuple[TaskState, ...]
    counters: ListCounters
    outcomes: tuple[Outcome, ...]
    successors: int = 0
    tasks: Mapping[int, TaskState] = field(default_factory=dict, compare=False, repr=False)

    def checked_counters(self, quotas: Quotas, before: ListCounters, *, stores_key: bool) -> ListCounters:
        """Return the counters to write, with the outcomes of a key that is stored.

        Raises QuotaExceeded and TooManyKeys. A quota never refuses a successor.
        """
        after = self.counters.with_outcomes(len(self.outcomes)) if stores_key else self.counters
        quotas.check(before, after._replace(task_count=after.task_count - self.successors))
        return after

    def result(self, at: datetime) -> BatchResult:
        """Return the result of the batch that had these effects at that time."""
        return BatchResult(self.outcomes, at, tasks=self.tasks)
