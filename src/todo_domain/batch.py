"""Batches: several operations on one list, all or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from todo_domain.counters import ListCounters
from todo_domain.errors import BatchFailed, TodoError
from todo_domain.evaluation import ListState, Reads
from todo_domain.identity import UserId
from todo_domain.operations import BatchEffects, Create, Operation, Patch
from todo_domain.rules import Violations
from todo_domain.trash import TaskState

MAX_OPERATIONS: Final = 100


@dataclass(frozen=True, slots=True)
class Batch:
    """1–100 operations that see each other's effects in order. Raises RuleViolated.

    In one transaction, an adapter must read and lock the tasks in `task_ids`, also those in the
    trash, and then the list's counters, run the `evaluation`, check the quotas, and write the effects.
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
            found.expect(holds, ("operations", index), "operation_type", "must be an operation")
        found.raise_if_any()

    @property
    def task_ids(self) -> Sequence[int]:
        """The ids of the tasks that operations name, in ascending order: lock them in this order."""
        return sorted({task_id for operation in self.operations for task_id in _named_by(operation)})

    def evaluation(
        self, user_id: UserId, stored: Mapping[int, TaskState], counters: ListCounters, at: datetime
    ) -> Reads[BatchEffects]:
        """Compute the effects on stored tasks. Each operation that changes a task gets the next revision.

        It yields what else must be read in the transaction, and expects the result to be
        sent: see `evaluation`. Raises BatchFailed at the first operation that fails. Pure:
        `stored` is not changed.
        """
        state = ListState(user_id, stored, counters, at)
        for index, operation in enumerate(self.operations):
            try:
                yield from state.apply(operation)
            except TodoError as cause:
                raise BatchFailed(index, cause) from cause
        return state.effects()


def _named_by(operation: Operation) -> Sequence[int]:
    named = [] if isinstance(operation, Create) else [operation.task_id]
    if isinstance(operation, Create | Patch) and operation.move and operation.move.anchor:
        named.append(operation.move.anchor)
    return named
