"""Batches: several operations on one list, all or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from todo_domain.counters import ListCounters
from todo_domain.errors import BatchFailed, TodoError
from todo_domain.evaluation import Evaluation
from todo_domain.identity import UserId
from todo_domain.list_state import ListState
from todo_domain.operations import (
    BatchEffects,
    Create,
    Operation,
    Patch,
    ProjectOperation,
    RemoveProject,
    RestoreProject,
)
from todo_domain.reads import Reads
from todo_domain.references import Ref, check_references
from todo_domain.rules import Violations
from todo_domain.trash import TaskState

MAX_OPERATIONS: Final = 100


@dataclass(frozen=True, slots=True)
class Batch:
    """1–100 operations that see each other's effects in order. Raises RuleViolated.

    In one transaction, an adapter must read and lock the tasks in `task_ids`, also those in the
    trash, and then the list's counters, run the `evaluation`, check the quotas, and write the
    effects. The lock of the list protects the projects too, because nothing else writes them.
    The tasks of the projects in `project_ids` will be read and locked too.
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
            found.expect(holds, ("operations", index), "operation_type", "must be an operation on tasks or projects")
        found.raise_if_any()
        check_references(found, self.operations)
        found.raise_if_any()

    @property
    def task_ids(self) -> Sequence[int]:
        """The ids of the tasks that operations name, in ascending order: lock them in this order."""
        return sorted({task_id for operation in self.operations for task_id in _named_by(operation)})

    @property
    def project_ids(self) -> Sequence[int]:
        """The ids of the projects that operations remove or restore, in ascending order."""
        named = (each.project_id for each in self.operations if isinstance(each, RemoveProject | RestoreProject))
        return sorted({project_id for project_id in named if isinstance(project_id, int)})

    def evaluation(
        self, user_id: UserId, stored: Mapping[int, TaskState], counters: ListCounters, at: datetime
    ) -> Reads[BatchEffects]:
        """Compute the effects on stored tasks and projects. Each operation that changes one gets the next revision.

        It yields what else must be read in the transaction, and expects the result to be
        sent: see `reads`. Raises BatchFailed at the first operation that fails. Pure:
        `stored` is not changed.
        """
        tasks = ListState(user_id, stored, counters, at, is_only_operation=len(self.operations) == 1)
        evaluation = Evaluation(tasks)
        for index, operation in enumerate(self.operations):
            try:
                yield from evaluation.apply(operation)
            except TodoError as cause:
                part = "project" if isinstance(operation, ProjectOperation) else "task"
                raise BatchFailed(index, cause, part) from cause
        return evaluation.effects()


def _named_by(operation: Operation) -> Sequence[int]:
    if isinstance(operation, ProjectOperation):
        return []
    named = [] if isinstance(operation, Create) or isinstance(operation.task_id, Ref) else [operation.task_id]
    if isinstance(operation, Create | Patch) and operation.move and operation.move.anchor:
        named.append(operation.move.anchor)
    return named
