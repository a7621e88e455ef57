"""The evaluation of operations on one list, without input and output.

It is a generator: it yields each read that it needs, and the caller sends what was read.
"""

from collections.abc import Container
from dataclasses import replace

from todo_domain.list_state import ListState
from todo_domain.operations import (
    BatchEffects,
    Create,
    CreateProject,
    Erase,
    Operation,
    Outcome,
    Patch,
    PatchProject,
    ProjectOperation,
    Remove,
    RemoveProject,
    Restore,
    RestoreProject,
    TaskOperation,
)
from todo_domain.project_evaluation import ProjectsState
from todo_domain.project_tasks import remove_tasks, restore, restore_tasks
from todo_domain.reads import AllProjects, ProjectInTrash, Reads
from todo_domain.references import Ref
from todo_domain.succession import settle_completed, settle_reopened
from todo_domain.task import Task
from todo_domain.trash import TaskState, TrashedTask, removed


class Evaluation:
    """The operations of one batch, applied to a list one by one."""

    def __init__(self, tasks: ListState) -> None:
        self._list = tasks
        self._projects: ProjectsState | None = None
        self._outcomes: list[Outcome] = []
        self._successors: set[int] = set()
        self._created: dict[str, int] = {}

    def effects(self) -> BatchEffects:
        """Return the effects of all operations so far."""
        states = self._list.states
        effects = BatchEffects(
            tuple(self._list.changes.values()),
            self._list.counters,
            tuple(self._outcomes),
            bulk=self._list.bulk.by_kind(),
            successors=sum(isinstance(states[task_id], Task) for task_id in self._successors),
            tasks=states,
        )
        if self._projects is None:
            return effects
        of_projects = tuple(self._projects.changes.values())
        return replace(effects, project_changes=of_projects, projects=self._projects.stored)

    def apply(self, operation: Operation) -> Reads[None]:
        """Apply one operation. Raises the error of an operation that fails."""
        if isinstance(operation, ProjectOperation):
            outcome = yield from self._apply_to_projects(operation)
        else:
            outcome = yield from self._apply_to_tasks(operation)
        if isinstance(operation, Create | CreateProject) and operation.ref is not None:
            self._created[operation.ref] = outcome.id
        self._outcomes.append(outcome)

    def _apply_to_tasks(self, operation: TaskOperation) -> Reads[Outcome]:
        tasks = self._list
        if isinstance(operation, Create):
            return (yield from self._create(operation))
        task_id, expected, position = self._id_of(operation.task_id), operation.expected, None
        match operation:
            case Patch(_, patch, _, move):
                task = edited = tasks.find(task_id, expected)
                if patch:
                    if isinstance(patch.project_id, Ref):
                        patch = replace(patch, project_id=self._id_of(patch.project_id))
                    edited = task.patched(patch, tasks.at)
                    yield from self._require_open(edited.project_id, task.project_id)
                if move:
                    position = yield from tasks.place_by(move, task)
                    edited = edited.moved(position, tasks.at)
                if edited is not task:
                    yield from self._write_settled(edited)
            case Remove(_, _, permanent):
                task = tasks.find(task_id, expected)
                tasks.write(removed(task, tasks.counters.next_revision, tasks.at, permanent=permanent))
            case Restore():
                yield from self._restore(tasks.find_in_trash(task_id, expected))
            case Erase():  # pragma: no branch  # mypy checks that this is the last case
                tasks.write(tasks.find_in_trash(task_id, expected).erased())
        return Outcome(task_id, tasks.states[task_id].revision, position)

    def _create(self, operation: Create) -> Reads[Outcome]:
        tasks = self._list
        task_id = tasks.counters.last_task_id + 1
        draft = operation.draft
        if isinstance(draft.project_id, Ref):
            draft = replace(draft, project_id=self._id_of(draft.project_id))
        yield from self._require_open(draft.project_id, None)
        position = (yield from tasks.place_by(operation.move)) if operation.move else None
        revision = tasks.counters.next_revision
        task = Task.from_draft(
            draft, user_id=tasks.user_id, id=task_id, revision=revision, at=tasks.at, position=position
        )
        tasks.write(task)
        return Outcome(task_id, revision, position)

    def _restore(self, trashed: TrashedTask) -> Reads[None]:
        projects: Container[int] = ()
        if trashed.task.project_id is not None:
            projects = (yield from self._load_projects()).stored
        yield from restore(self._list, trashed, projects)

    def _apply_to_projects(self, operation: ProjectOperation) -> Reads[Outcome]:
        projects = yield from self._load_projects()
        tasks = self._list
        match operation:
            case CreateProject(draft, move):
                outcome, tasks.counters = projects.create(draft, move, tasks.counters)
            case PatchProject(given, patch, expected, move):
                project = projects.find(self._id_of(given), expected)
                outcome, tasks.counters = projects.patch(project, patch, move, tasks.counters)
            case RemoveProject(given, expected, permanent):
                project = projects.find(self._id_of(given), expected)
                yield from remove_tasks(tasks, project.id, permanent=permanent)
                outcome, tasks.counters = projects.remove(project, tasks.counters, permanent=permanent)
            case RestoreProject(given, expected):  # pragma: no branch  # mypy checks that this is the last case
                project_id = self._id_of(given)
                stored = None if project_id in projects.changes else (yield ProjectInTrash(project_id))
                trashed = projects.find_in_trash(project_id, stored, expected)
                outcome, tasks.counters = projects.restore(trashed, tasks.counters)
                yield from restore_tasks(tasks, project_id, projects.stored)
        return outcome

    def _load_projects(self) -> Reads[ProjectsState]:
        if self._projects is None:
            self._projects = ProjectsState(self._list.user_id, (yield AllProjects()), self._list.at)
        return self._projects

    def _require_open(self, project_id: int | Ref | None, current: int | None) -> Reads[None]:
        """Raise RuleViolated unless the task can be put into its new project."""
        if isinstance(project_id, int) and project_id != current:
            (yield from self._load_projects()).require_open(project_id)

    def _id_of(self, given: int | Ref) -> int:
        return self._created[given.name] if isinstance(given, Ref) else given

    def _write_settled(self, task: Task) -> Reads[None]:
        """Write a changed task, and what its completion or reopening changes in its successor."""
        tasks = self._list
        change: TaskState | None = None
        revision = tasks.counters.next_revision
        if task.is_settled:
            task = task._replace(revision=revision)
        elif task.successor_id is None:
            successor_id = tasks.counters.last_task_id + 1
            task, change = settle_completed(task, revision=revision, successor_id=successor_id, at=tasks.at)
            if change:
                self._successors.add(successor_id)
        else:
            yield from tasks.load([task.successor_id])
            successor = tasks.states.get(task.successor_id)
            successor = successor if isinstance(successor, Task) else None
            task, change = settle_reopened(task, successor, revision=revision, at=tasks.at)
        tasks.write(task)
        if change:
            tasks.write(change)
