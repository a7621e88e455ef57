"""The operations of a batch, and their effects."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from todo_domain.counters import ListCounters
from todo_domain.draft import TaskDraft, TaskPatch
from todo_domain.errors import EmptyPatch
from todo_domain.imported import RememberedItem
from todo_domain.move import Move
from todo_domain.project import Project, ProjectDraft, ProjectPatch, ProjectState
from todo_domain.quotas import Quotas
from todo_domain.references import Ref
from todo_domain.task import Task
from todo_domain.trash import TaskState, Tombstone, TrashedTask


@dataclass(frozen=True, slots=True)
class Create:
    """Add a task; without a move, after all other tasks. Later operations can name it by its `ref`."""

    draft: TaskDraft
    move: Move | None = None
    ref: str | None = None


@dataclass(frozen=True, slots=True)
class Patch:
    """Change or move a task that is at one of the expected revisions; None accepts every revision.

    Raises EmptyPatch without a patch and a move.
    """

    task_id: int | Ref
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

    task_id: int | Ref
    expected: Container[int] | None = None
    permanent: bool = False


@dataclass(frozen=True, slots=True)
class Restore:
    """Put a task from the trash back into the list if its deletion is at one of the expected revisions."""

    task_id: int | Ref
    expected: Container[int] | None = None


@dataclass(frozen=True, slots=True)
class Erase:
    """Erase a task in the trash if its deletion is at one of the expected revisions. Its revision stays."""

    task_id: int | Ref
    expected: Container[int] | None = None


@dataclass(frozen=True, slots=True)
class CreateProject:
    """Add a project; without a move, after all other projects. Later operations can name it by its `ref`."""

    draft: ProjectDraft
    move: Move | None = None
    ref: str | None = None


@dataclass(frozen=True, slots=True)
class PatchProject:
    """Change or move a project that is at one of the expected revisions; None accepts every revision.

    Raises EmptyPatch without a patch and a move.
    """

    project_id: int | Ref
    patch: ProjectPatch | None = None
    expected: Container[int] | None = None
    move: Move | None = None

    def __post_init__(self) -> None:
        """Check that there is something to do."""
        if self.patch is None and self.move is None:
            raise EmptyPatch


@dataclass(frozen=True, slots=True)
class RemoveProject:
    """Remove a project that is at one of the expected revisions, and the tasks in it, to the trash or permanently.

    The tasks are removed in ascending order of their ids, then the project.
    """

    project_id: int | Ref
    expected: Container[int] | None = None
    permanent: bool = False


@dataclass(frozen=True, slots=True)
class RestoreProject:
    """Restore a project from the trash if its deletion is at one of the expected revisions.

    Then the tasks that were removed with it are restored, in ascending order of their ids.
    """

    project_id: int | Ref
    expected: Container[int] | None = None


TaskOperation = Create | Patch | Remove | Restore | Erase
ProjectOperation = CreateProject | PatchProject | RemoveProject | RestoreProject
Operation = TaskOperation | ProjectOperation


@dataclass(frozen=True, slots=True)
class Outcome:
    """The effect of one operation: the id of its task or project, and the revision of that afterwards.

    - position: the position that a move gave; None without a move

    It contains no text, so it can be stored for a replay even after the task or project is deleted.
    """

    id: int
    revision: int
    position: str | None = None


@dataclass(frozen=True, slots=True)
class BatchResult:
    """One outcome per operation, in order; `replayed` is true if the batch was done before.

    - at: the time at which it was done
    - tasks, projects: the final states by id, at least of those that the operations named or added; empty if replayed
    - bulk_count: how many further tasks were removed or restored with their project
    """

    outcomes: tuple[Outcome, ...]
    at: datetime
    replayed: bool = False
    tasks: Mapping[int, TaskState] = field(default_factory=dict, compare=False, repr=False)
    projects: Mapping[int, Project] = field(default_factory=dict, compare=False, repr=False)
    bulk_count: int = field(default=0, compare=False)


class BulkKind(Enum):
    """What happens to many tasks at once."""

    TRASH = "trash"
    ERASE = "erase"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class BulkChange:
    """A change of many stored tasks by the removal or the restoration of their project.

    - TRASH: each becomes a TrashedTask with the project as `deleted_with`
    - ERASE: each becomes a Tombstone
    - RESTORE: each becomes `TrashedTask.restored`
    - revisions: the new revision of each task by its id
    """

    kind: BulkKind
    project_id: int
    revisions: Mapping[int, int]
    at: datetime

    def applied_to(self, state: TaskState) -> TaskState:
        """Return a task as it is after the change."""
        revision = self.revisions[state.id]
        if isinstance(state, TrashedTask) and self.kind is BulkKind.RESTORE:
            return state.restored(self.at)._replace(revision=revision)
        if isinstance(state, Task) and self.kind is BulkKind.TRASH:
            return TrashedTask(state._replace(revision=revision), self.at, self.project_id)
        return Tombstone(state.id, revision, self.at)


@dataclass(frozen=True, slots=True)
class BatchEffects:
    """What to write for a batch: the final state of every changed task and project, and the new counters.

    What the batch both creates and removes is a change of something that is not stored.
    - bulk: changes of further tasks; no task is in two of them, or in one of them and in `changes`
    - successors: how many of the tasks were added because a recurring task was completed
    - tasks, projects: the final states by id, at least of those that the operations named or added
    - remembered: the keys of the imported items among them
    """

    changes: tuple[TaskState, ...]
    counters: ListCounters
    outcomes: tuple[Outcome, ...]
    project_changes: tuple[ProjectState, ...] = ()
    bulk: tuple[BulkChange, ...] = ()
    successors: int = 0
    tasks: Mapping[int, TaskState] = field(default_factory=dict, compare=False, repr=False)
    projects: Mapping[int, Project] = field(default_factory=dict, compare=False, repr=False)
    remembered: tuple[RememberedItem, ...] = ()

    def checked_counters(self, quotas: Quotas, before: ListCounters, *, stores_key: bool) -> ListCounters:
        """Return the counters to write, with the outcomes of a key that is stored.

        Raises QuotaExceeded and TooManyKeys. A quota never refuses a successor.
        """
        after = self.counters.with_outcomes(len(self.outcomes)) if stores_key else self.counters
        quotas.check(before, after._replace(task_count=after.task_count - self.successors))
        return after

    def result(self, at: datetime) -> BatchResult:
        """Return the result of the batch that had these effects at that time."""
        bulk_count = sum(len(change.revisions) for change in self.bulk)
        return BatchResult(self.outcomes, at, tasks=self.tasks, projects=self.projects, bulk_count=bulk_count)
