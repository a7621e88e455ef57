"""The import of tasks and projects as a batch: each is added unless it was added before."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple, Self

from todo_domain.changes import Kind
from todo_domain.counters import ListCounters
from todo_domain.identity import UserId
from todo_domain.imported import ImportedItem, ImportedProject, ImportedTask, Origin, RememberedItem
from todo_domain.operations import BatchEffects, BatchResult, Outcome
from todo_domain.project import Project, ProjectState, TrashedProject
from todo_domain.reads import AllProjects, ProjectInTrash, Reads, RememberedItems
from todo_domain.rules import Violations
from todo_domain.task import Task
from todo_domain.trash import TaskState, TrashedTask

MAX_IMPORTED: Final = 100
"""The most tasks and projects in an ImportBatch: so many don't keep other writers waiting for long."""


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """How many open tasks, tasks and projects an import adds."""

    open_tasks: int = 0
    tasks: int = 0
    projects: int = 0

    @classmethod
    def of(cls, added: BatchResult) -> Self:
        """Return how many a batch has added."""
        tasks = [state for state in added.tasks.values() if isinstance(state, Task)]
        return cls(sum(not task.complete for task in tasks), len(tasks), len(added.projects))

    def __add__(self, other: "ImportCounts") -> "ImportCounts":
        return ImportCounts(
            self.open_tasks + other.open_tasks, self.tasks + other.tasks, self.projects + other.projects
        )


class OwnIds(NamedTuple):
    """The highest ids of a user's own tasks and projects in an import, or 0."""

    task_id: int = 0
    project_id: int = 0

    @classmethod
    def of(cls, items: Iterable[ImportedItem], user_id: UserId, others: "OwnIds") -> "OwnIds":
        """Return the highest ids of these items and others."""
        task_id, project_id = others
        for item in items:
            if isinstance(item, ImportedTask):
                task_id = max(task_id, item.origin.id_for(user_id))
            else:
                project_id = max(project_id, item.origin.id_for(user_id))
        return cls(task_id, project_id)


NO_COUNTS: Final = ImportCounts()
NO_IDS: Final = OwnIds()


@dataclass(frozen=True, slots=True)
class ImportBatch:
    """1–100 tasks and projects to import. A task comes after its project, in this batch or an earlier one.

    An adapter applies it like a Batch, and stores what the effects remember. The outcomes are those of the
    items that were added.

    - preceding: what earlier batches of a dry run would have added; quotas count it too
    - above: the ids that are added are above that of the user's own items in the whole import. Otherwise an item that
      was just added could be taken for another one that was exported with the same id and time of creation

    An item was added before if its key is remembered, or if it is one of the user's own: see Origin. Then it
    is not changed. Otherwise it is added after all others, and remembered; a project that has the name of another
    one is only remembered, if its source knows only names.
    A task whose project was deleted is added without a project.
    """

    items: tuple[ImportedItem, ...]
    preceding: ImportCounts = NO_COUNTS
    above: OwnIds = NO_IDS

    def __post_init__(self) -> None:
        """Check the number of items, and that they are items."""
        found = Violations()
        holds = isinstance(self.items, tuple) and 1 <= len(self.items) <= MAX_IMPORTED
        found.expect(holds, ("items",), "batch_size", f"must have 1 to {MAX_IMPORTED} items")
        found.raise_if_any()
        for index, item in enumerate(self.items):
            found.expect(isinstance(item, ImportedItem), ("items", index), "item_type", "must be a task or a project")
        found.raise_if_any()

    @property
    def task_ids(self) -> Sequence[int]:
        """The ids of the tasks that may be the user's own, in ascending order: lock them in this order."""
        return sorted({each.origin.id for each in self.items if isinstance(each, ImportedTask) and each.origin.id})

    @property
    def project_ids(self) -> Sequence[int]:
        """See Batch. No project is removed or restored."""
        return ()

    def evaluation(
        self, user_id: UserId, stored: Mapping[int, TaskState], counters: ListCounters, at: datetime
    ) -> Reads[BatchEffects]:
        """See Batch. It raises no error."""
        origins = [origin for item in self.items for origin in _origins_of(item)]
        remembered: Iterable[RememberedItem] = yield RememberedItems(list({origin.key for origin in origins}))
        projects: Iterable[Project] = yield AllProjects()
        counters = counters._replace(
            open_count=counters.open_count + self.preceding.open_tasks,
            task_count=counters.task_count + self.preceding.tasks,
            project_count=counters.project_count + self.preceding.projects,
        )
        evaluation = _Importing(user_id, stored, counters, at, remembered, projects, self.above)
        for item in self.items:
            yield from evaluation.add(item)
        return evaluation.effects()


class _Importing:
    """The items of one batch, added to a list one by one."""

    def __init__(  # noqa: PLR0913, PLR0917 - what is stored
        self,
        user_id: UserId,
        stored: Mapping[int, TaskState],
        counters: ListCounters,
        at: datetime,
        remembered: Iterable[RememberedItem],
        projects: Iterable[Project],
        above: OwnIds,
    ) -> None:
        self._user_id = user_id
        self._tasks = stored
        self._counters = counters
        self._at = at
        self._above = above
        self._known = {(each.kind, each.key): each.id for each in remembered}
        self._projects: dict[int, ProjectState | None] = {project.id: project for project in projects}
        self._changes: list[TaskState] = []
        self._project_changes: list[ProjectState] = []
        self._remembered: list[RememberedItem] = []

    def effects(self) -> BatchEffects:
        """Return the effects of all items so far."""
        changes = [*self._changes, *self._project_changes]
        return BatchEffects(
            tuple(self._changes),
            self._counters,
            tuple(Outcome(change.id, change.revision) for change in changes),
            tuple(self._project_changes),
            tasks={change.id: change for change in self._changes},
            projects={change.id: change for change in self._project_changes if isinstance(change, Project)},
            remembered=tuple(self._remembered),
        )

    def add(self, item: ImportedItem) -> Reads[None]:
        """Add an item unless it was added before."""
        revision = self._counters.next_revision
        if isinstance(item, ImportedProject):
            if (yield from self._find_project(item.origin)) is None:
                if item.by_name and (project_id := self._find_by_name(item.draft.name)):
                    self._remember(Kind.PROJECT, item.origin, project_id)
                else:
                    self._add_project(item, revision)
        else:
            stored = self._tasks.get(item.origin.id_for(self._user_id))
            is_known = (Kind.TASK, item.origin.key) in self._known or _is_same(item.origin, stored)
            if not is_known:
                project_id = yield from self._project_of(item)
                self._add_task(item, revision, project_id)

    def _add_project(self, item: ImportedProject, revision: int) -> None:
        project_id = max(self._counters.last_project_id, self._above.project_id) + 1
        project = item.project(user_id=self._user_id, id=project_id, revision=revision, at=self._at)
        change: ProjectState = TrashedProject(project, self._at) if item.in_trash else project
        self._counters = self._counters.after_project(change, None)
        self._projects[project_id] = change
        self._project_changes.append(change)
        self._remember(Kind.PROJECT, item.origin, project_id)

    def _add_task(self, item: ImportedTask, revision: int, project_id: int | None) -> None:
        task_id = max(self._counters.last_task_id, self._above.task_id) + 1
        task = item.task(user_id=self._user_id, id=task_id, revision=revision, at=self._at, project_id=project_id)
        change: TaskState = task
        if item.in_trash:
            project = self._projects.get(project_id or 0)
            change = TrashedTask(task, self._at, project_id if isinstance(project, TrashedProject) else None)
        self._counters = self._counters.after(change, None)
        self._changes.append(change)
        self._remember(Kind.TASK, item.origin, task_id)

    def _remember(self, kind: Kind, origin: Origin, item_id: int) -> None:
        self._known[kind, origin.key] = item_id
        self._remembered.append(RememberedItem(origin.key, kind, item_id))

    def _project_of(self, item: ImportedTask) -> Reads[int | None]:
        """Return the id of the project to put a task into; one in the trash only for a task in the trash."""
        if item.project is None:
            return None
        project_id = yield from self._find_project(item.project)
        project = self._projects.get(project_id or 0)
        fits = isinstance(project, Project) or (item.in_trash and isinstance(project, TrashedProject))
        return project_id if fits else None

    def _find_by_name(self, name: str) -> int | None:
        named = (each.id for each in self._projects.values() if isinstance(each, Project) and each.name == name)
        return min(named, default=None)

    def _find_project(self, origin: Origin) -> Reads[int | None]:
        """Return the id of the project that was added for an origin, or is the same; it may be deleted."""
        project_id = self._known.get((Kind.PROJECT, origin.key)) or origin.id_for(self._user_id)
        if not project_id:
            return None
        if project_id not in self._projects:
            found = yield ProjectInTrash(project_id)
            self._projects[project_id] = found if isinstance(found, TrashedProject) else None
        is_known = (Kind.PROJECT, origin.key) in self._known
        return project_id if is_known or _is_same(origin, self._projects.get(project_id)) else None


def _origins_of(item: ImportedItem) -> Iterable[Origin]:
    yield item.origin
    if isinstance(item, ImportedTask) and item.project:
        yield item.project


def _is_same(origin: Origin, stored: TaskState | ProjectState | None) -> bool:
    """Return whether a stored item is the one that was exported: its id alone could be that of another list."""
    match stored:
        case Task() | Project():
            item: Task | Project = stored
        case TrashedTask(task=item) | TrashedProject(project=item):
            pass
        case _:
            return False
    # Some formats have whole seconds.
    return origin.created_at in (item.created_at, item.created_at.replace(microsecond=0))
