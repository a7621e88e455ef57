"""The states of the tasks and projects of one user in the model, in the order of their revisions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from todo_adapters.contract.scenario import NOON
from todo_domain import (
    Kind,
    Project,
    ProjectState,
    ProjectTombstone,
    Task,
    TaskState,
    Tombstone,
    TrashedProject,
    TrashedTask,
)

Deleted = TrashedTask | Tombstone | TrashedProject | ProjectTombstone


@dataclass
class ModelLog:
    """Every state that a task or a project ever had; a revision is their number.

    Of deletions that were forgotten, or whose task was erased, the revision is noted. An erasure of everything
    is the deletion of a task 0. Of what is older, only the ids are left.
    """

    states: list[TaskState | ProjectState] = field(default_factory=list)
    forgotten: set[int] = field(default_factory=set)
    erased: set[int] = field(default_factory=set)
    erased_at: datetime | None = None
    erasure: int = 0

    def copy(self) -> Self:
        """Return a log that does not change with this one."""
        return replace(self, states=list(self.states), forgotten=set(self.forgotten), erased=set(self.erased))

    @property
    def revision(self) -> int:
        """The revision of the list."""
        return len(self.states)

    def latest(self) -> dict[int, TaskState]:
        """Return the latest state of each task, by id."""
        latest: dict[int, TaskState] = {state.id: state for state in self.states if not isinstance(state, ProjectState)}
        for task_id, state in latest.items():
            if state.revision < self.erasure:
                latest[task_id] = Tombstone(task_id, state.revision, NOON)
            elif isinstance(state, TrashedTask) and state.revision in self.erased:
                latest[task_id] = state.erased()
        return latest

    def latest_projects(self) -> dict[int, ProjectState]:
        """Return the latest state of each project, by id."""
        latest = {state.id: state for state in self.states if isinstance(state, ProjectState)}
        for project_id, state in latest.items():
            if state.revision < self.erasure:
                latest[project_id] = ProjectTombstone(project_id, state.revision, NOON)
            elif isinstance(state, TrashedProject) and state.revision in self.erased:
                latest[project_id] = state.erased()
        return latest

    def present(self, kind: Kind) -> Sequence[Task] | Sequence[Project]:
        """Return the tasks of the list, or the projects."""
        return self.tasks() if kind is Kind.TASK else self.projects()

    def projects(self) -> Sequence[Project]:
        """Return the projects."""
        return [state for state in self.latest_projects().values() if isinstance(state, Project)]

    def deleted_projects(self) -> Sequence[TrashedProject | ProjectTombstone]:
        """Return the deletions of projects that are remembered, in order of revision."""
        found = [state for state in self.latest_projects().values() if not isinstance(state, Project)]
        return sorted((each for each in found if each.revision not in self.forgotten), key=lambda each: each.revision)

    def trashed_projects(self) -> Sequence[TrashedProject]:
        """Return the projects in the trash, in order of revision."""
        return [deletion for deletion in self.deleted_projects() if isinstance(deletion, TrashedProject)]

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

    def erase(self, deletions: Iterable[Deleted]) -> None:
        """Erase the content of these deleted tasks and projects."""
        self.erased.update(deletion.revision for deletion in deletions)

    def erase_everything(self, at: datetime) -> None:
        """Erase everything at the next revision."""
        self.erased_at, self.erasure = at, self.revision + 1
        self.states.append(Tombstone(0, self.erasure, at))
        self.forgotten.update(range(1, self.erasure + 1))

    def forget(self, deletions: Sequence[Deleted]) -> None:
        """Forget these deletions, with their content."""
        self.forgotten.update(deletion.revision for deletion in deletions)
        self.erase(deletions)
