"""The states of the tasks of one user in the model, in the order of their revisions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

from todo_domain import Task, TaskState, Tombstone, TrashedTask


@dataclass
class ModelLog:
    """Every state that a task ever had; a revision is their number.

    Of deletions that were forgotten, or whose task was erased, the revision is noted.
    """

    states: list[TaskState] = field(default_factory=list)
    forgotten: set[int] = field(default_factory=set)
    erased: set[int] = field(default_factory=set)

    def copy(self) -> Self:
        """Return a log that does not change with this one."""
        return type(self)(list(self.states), set(self.forgotten), set(self.erased))

    @property
    def revision(self) -> int:
        """The revision of the list."""
        return len(self.states)

    def latest(self) -> dict[int, TaskState]:
        """Return the latest state of each task, by id."""
        latest = {state.id: state for state in self.states}
        for task_id, state in latest.items():
            if isinstance(state, TrashedTask) and state.revision in self.erased:
                latest[task_id] = Tombstone(task_id, state.revision, state.deleted_at)
        return latest

    def tasks(self) -> list[Task]:
        """Return the tasks of the list."""
        return [state for state in self.latest().values() if isinstance(state, Task)]

    def deletions(self) -> Sequence[TrashedTask | Tombstone]:
        """Return the deletions that are remembered, in order of revision."""
        found = [state for state in self.latest().values() if not isinstance(state, Task)]
        return sorted((each for each in found if each.revision not in self.forgotten), key=lambda each: each.revision)

    def trash(self) -> Sequence[TrashedTask]:
        """Return the tasks in the trash, in order of revision."""
        return [deletion for deletion in self.deletions() if isinstance(deletion, TrashedTask)]

    def erase(self, deletions: Iterable[TrashedTask | Tombstone]) -> None:
        """Erase the content of these deleted tasks."""
        self.erased.update(deletion.revision for deletion in deletions)

    def forget(self, deletions: Sequence[TrashedTask | Tombstone]) -> None:
        """Forget these deletions, with the content of their tasks."""
        self.forgotten.update(deletion.revision for deletion in deletions)
        self.erase(deletions)
