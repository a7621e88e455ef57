"""The data of one user: tasks, projects, what was deleted, idempotency keys, and keys of imported items."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import nlargest, nsmallest
from operator import attrgetter
from typing import Any, Final

from todo_domain import (
    AllProjects,
    BatchEffects,
    Change,
    Content,
    Deletion,
    IdempotencyKey,
    Kind,
    ListCounters,
    LockTasks,
    Neighbour,
    Outcome,
    Project,
    ProjectInTrash,
    ProjectState,
    ProjectTombstone,
    Read,
    RememberedItem,
    RememberedItems,
    Snapshot,
    StoredTask,
    Task,
    TaskNotFound,
    TasksOfProject,
    TaskState,
    Tombstone,
    TrashedProject,
    TrashedTask,
)
from todo_domain.ports import MAX_MANY
from todo_domain.project import MAX_PROJECT_DELETIONS

_BY_ID: Final = attrgetter("id")
_BY_POSITION: Final = attrgetter("position")
_BY_REVISION: Final = attrgetter("revision")


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
    projects: dict[int, Project] = field(default_factory=dict)
    deleted_projects: dict[int, TrashedProject | ProjectTombstone] = field(default_factory=dict)
    keys: dict[str, StoredKey] = field(default_factory=dict)
    imported: dict[str, RememberedItem] = field(default_factory=dict)
    erased_at: datetime | None = None

    @property
    def is_empty(self) -> bool:
        """Whether the user has nothing but counters."""
        return not (self.tasks or self.deleted or self.projects or self.deleted_projects or self.keys)

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
        return sorted(trashed, key=_BY_REVISION)

    def find_states(self, task_ids: Iterable[int]) -> dict[int, TaskState]:
        """Return the tasks with these ids that exist or were deleted."""
        found = ((task_id, self.tasks.get(task_id) or self.deleted.get(task_id)) for task_id in task_ids)
        return {task_id: state for task_id, state in found if state}

    @property
    def all_trash(self) -> Sequence[TrashedTask | TrashedProject]:
        """The tasks and projects in the trash."""
        return [*self.trash, *self.trashed_projects]

    @property
    def trashed_projects(self) -> Sequence[TrashedProject]:
        """The projects in the trash."""
        return [deleted for deleted in self.deleted_projects.values() if isinstance(deleted, TrashedProject)]

    def write(self, effects: BatchEffects, counters: ListCounters) -> None:
        """Store the effects of a write together with the counters after it."""
        self.counters = counters
        for bulk in effects.bulk:
            self._write_tasks(bulk.applied_to(state) for state in self.find_states(bulk.revisions).values())
        self._write_tasks(effects.changes)
        self._write_projects(effects.project_changes)
        self.imported |= {item.key: item for item in effects.remembered}

    def _write_tasks(self, changes: Iterable[TaskState]) -> None:
        for change in changes:
            self.tasks.pop(change.id, None)
            self.deleted.pop(change.id, None)
            if isinstance(change, Task):
                self.tasks[change.id] = change
            else:
                self.deleted[change.id] = change

    def _write_projects(self, changes: Iterable[ProjectState]) -> None:
        """Store changes of projects, and drop the oldest deletions of projects, except `MAX_PROJECT_DELETIONS`."""
        for change in changes:
            self.projects.pop(change.id, None)
            self.deleted_projects.pop(change.id, None)
            if isinstance(change, Project):
                self.projects[change.id] = change
            else:
                self.deleted_projects[change.id] = change
        surplus = len(self.deleted_projects) - MAX_PROJECT_DELETIONS
        for deletion in nsmallest(surplus, self.deleted_projects.values(), key=_BY_REVISION):
            self.forget_deletion(deletion)

    def changes(self, kinds: frozenset[Kind]) -> Iterator[Change]:
        """Yield the latest state of everything of these kinds."""
        if Kind.TASK in kinds:
            yield from self.tasks.values()
            yield from (Deletion(each.id, each.revision) for each in self.deleted.values())
        if Kind.PROJECT in kinds:
            yield from self.projects.values()
            yield from (Deletion(each.id, each.revision, Kind.PROJECT) for each in self.deleted_projects.values())

    def snapshot(self) -> Snapshot:
        """Return everything that has content."""
        content: list[Content] = sorted([*self.projects.values(), *self.trashed_projects], key=_BY_ID)
        content += sorted([*self.tasks.values(), *self.trash], key=_BY_ID)
        return Snapshot(self.counters.revision, len(self.all_trash), len(content), _in_chunks(content))

    def read(self, asked: Read) -> Any:
        """Read what the evaluation of a batch asks for."""
        if isinstance(asked, LockTasks):
            return list(self.find_states(asked.ids).values())
        if isinstance(asked, ProjectInTrash):
            return self.deleted_projects.get(asked.project_id)
        if isinstance(asked, TasksOfProject):
            return self._tasks_of(asked.project_id, in_trash=asked.in_trash)
        if isinstance(asked, AllProjects):
            return self.projects.values()
        if isinstance(asked, RememberedItems):
            return [self.imported[key] for key in asked.keys if key in self.imported]
        others = [Neighbour(task.id, task.position) for task in self.tasks.values()]
        below = (each for each in others if each.position < asked.position)
        above = (each for each in others if each.position >= asked.position)
        return nlargest(asked.reach, below, _BY_POSITION), nsmallest(asked.reach, above, _BY_POSITION)

    def _tasks_of(self, project_id: int, *, in_trash: bool) -> list[StoredTask]:
        if in_trash:
            taken = {task.position for task in self.tasks.values()}
            tasks = (each.task for each in self.trash if each.deleted_with == project_id)
        else:
            taken = set()
            tasks = (task for task in self.tasks.values() if task.project_id == project_id)
        stored = (StoredTask(each.id, each.position, not each.complete, each.position in taken) for each in tasks)
        return sorted(stored)

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
        return nsmallest(count, self.deleted.values(), key=_BY_REVISION)

    def erase(self, trashed: TrashedTask | TrashedProject) -> None:
        """Drop the content of a task or a project in the trash."""
        if isinstance(trashed, TrashedProject):
            self.deleted_projects[trashed.id] = trashed.erased()
        else:
            self.deleted[trashed.id] = trashed.erased()
            self.counters = self.counters._replace(trash_count=self.counters.trash_count - 1)

    def forget_deletion(self, deletion: TrashedTask | Tombstone | TrashedProject | ProjectTombstone) -> None:
        """Drop a deletion, so that feed tokens from before its revision expire."""
        if isinstance(deletion, TrashedTask):
            self.erase(deletion)
        kind = Kind.PROJECT if isinstance(deletion, TrashedProject | ProjectTombstone) else Kind.TASK
        forgotten = (kind, deletion.id)
        self.imported = {key: item for key, item in self.imported.items() if (item.kind, item.id) != forgotten}
        if kind is Kind.PROJECT:
            del self.deleted_projects[deletion.id]
        else:
            del self.deleted[deletion.id]
            self.counters = self.counters._replace(deletion_count=self.counters.deletion_count - 1)
        self.purged_revision = max(self.purged_revision, deletion.revision)


async def _in_chunks(content: Sequence[Content]) -> AsyncIterator[Sequence[Content]]:
    for start in range(0, len(content), MAX_MANY):
        yield content[start : start + MAX_MANY]
