"""What a write does to one list of the model."""

from collections.abc import Container
from dataclasses import replace
from datetime import datetime
from functools import partial

from todo_adapters.contract.model_log import ModelLog
from todo_adapters.contract.model_places import ModelPlaces
from todo_domain import (
    Create,
    CreateProject,
    Edit,
    Erase,
    Guard,
    Kind,
    Move,
    Operation,
    Outcome,
    Patch,
    PatchProject,
    Project,
    ProjectNotFound,
    ProjectOperation,
    Ref,
    Remove,
    Restore,
    RestoreProject,
    RuleViolated,
    Task,
    TaskDraft,
    TaskNotFound,
    TaskState,
    TrashedProject,
    TrashedTask,
    UserId,
    Violation,
)
from todo_domain.succession import settle_completed, settle_reopened
from todo_domain.trash import removed


class ModelList:
    """The list of one user: each write adds the new states to its log, one for each revision."""

    def __init__(self, user_id: UserId, log: ModelLog) -> None:
        self._user_id = user_id
        self._log = log
        self._places = ModelPlaces(log)
        self._created: dict[str, int] = {}

    def find(self, task_id: int) -> Task:
        task = self._log.latest().get(task_id)
        if not isinstance(task, Task):
            raise TaskNotFound(task_id)
        return task

    def find_project(self, project_id: int) -> Project:
        project = self._log.latest_projects().get(project_id)
        if not isinstance(project, Project):
            raise ProjectNotFound(project_id)
        return project

    def create(self, draft: TaskDraft, at: datetime, move: Move | None = None) -> Task:
        task_id = max(self._log.latest(), default=0) + 1
        position = self._places.move(move) if move else None
        task = Task.from_draft(
            draft, user_id=self._user_id, id=task_id, revision=self._next, at=at, position=position
        )._replace(project_id=self._id_of(draft.project_id))
        self._log.states.append(task)
        return task

    def change(self, task_id: int, edit: Edit, at: datetime | None = None) -> Task:
        task = self.find(task_id)
        edited = edit(task)
        if edited == task:
            return task
        edited, other = self._settle(edited, at)
        self._log.states += [edited, other] if other else [edited]
        return edited

    def remove(self, task_id: int, at: datetime, guard: Guard, *, permanent: bool) -> Task:
        task = self.find(task_id)
        guard(task)
        self._log.states.append(removed(task, self._next, at, permanent=permanent))
        return task._replace(revision=self._log.revision)

    def do(self, operation: Operation, at: datetime) -> Outcome:
        if isinstance(operation, ProjectOperation):
            outcome = self._do_to_project(operation, at)
        else:
            outcome = self._do_to_task(operation, at)
        if isinstance(operation, Create | CreateProject) and operation.ref:
            self._created[operation.ref] = outcome.id
        return outcome

    def _do_to_task(self, operation: Create | Patch | Remove | Restore | Erase, at: datetime) -> Outcome:
        if isinstance(operation, Create):
            self._require_open(self._id_of(operation.draft.project_id), None)
            task = self.create(operation.draft, at, operation.move)
            return Outcome(task.id, task.revision, task.position if operation.move else None)
        task_id, position = self._id_of(operation.task_id) or 0, None
        match operation:
            case Patch(move=move):
                task = self.change(task_id, self._edit_of(operation, at), at)
                position = task.position if move else None
            case Remove(_, expected, permanent):
                guard = partial(Task.require, expected=expected)
                task = self.remove(task_id, at, guard, permanent=permanent)
            case Restore(_, expected):
                task = self._restore(self._in_trash(task_id, expected), at)
            case Erase(_, expected):  # pragma: no branch  # mypy checks that this is the last case
                trashed = self._in_trash(task_id, expected)
                self._log.erase([trashed])
                task = trashed.task
        return Outcome(task.id, task.revision, position)

    def _do_to_project(self, operation: ProjectOperation, at: datetime) -> Outcome:
        if isinstance(operation, CreateProject):
            position = self._places.move(operation.move, kind=Kind.PROJECT) if operation.move else None
            project_id, revision = max(self._log.latest_projects(), default=0) + 1, self._next
            draft = operation.draft
            project = Project.from_draft(
                draft, user_id=self._user_id, id=project_id, revision=revision, at=at, position=position
            )
            self._log.states.append(project)
            return Outcome(project_id, revision, position)
        if isinstance(operation, RestoreProject):
            return self._restore_project(operation, at)
        project = self.find_project(self._id_of(operation.project_id) or 0)
        project.require(operation.expected)
        if isinstance(operation, PatchProject):
            return self._patch_project(project, operation, at)
        for task in sorted(self._log.tasks()):
            if task.project_id == project.id:
                gone = removed(task, self._next, at, permanent=operation.permanent)
                if isinstance(gone, TrashedTask):
                    gone = gone._replace(deleted_with=project.id)
                self._log.states.append(gone)
        trashed = TrashedProject(project._replace(revision=self._next), at)
        self._log.states.append(trashed.erased() if operation.permanent else trashed)
        return Outcome(project.id, self._log.revision)

    def _patch_project(self, project: Project, operation: PatchProject, at: datetime) -> Outcome:
        changed, position = project, None
        if operation.patch:
            changed = project.patched(operation.patch, at)
        if operation.move:
            position = self._places.move(operation.move, project, Kind.PROJECT)
            changed = changed.moved(position, at)
        if changed != project:
            changed = changed._replace(revision=self._next)
            self._log.states.append(changed)
        return Outcome(project.id, changed.revision, position)

    def _restore_project(self, operation: RestoreProject, at: datetime) -> Outcome:
        project_id = self._id_of(operation.project_id) or 0
        trashed = self._log.latest_projects().get(project_id)
        if not isinstance(trashed, TrashedProject) or trashed not in self._log.trashed_projects():
            raise ProjectNotFound(project_id)
        project = trashed.project
        project.require(operation.expected)
        position = self._places.place_again(project, Kind.PROJECT)
        updated_at = max(at, project.updated_at)
        self._log.states.append(project._replace(position=position, revision=self._next, updated_at=updated_at))
        outcome = Outcome(project.id, self._log.revision)
        tasks = sorted(each for each in self._log.trash() if each.deleted_with == project.id)
        taken = {task.position for task in self._log.tasks()}
        for each in sorted(tasks, key=lambda each: each.task.position in taken):
            self._restore(each, at)
        return outcome

    def _edit_of(self, operation: Patch, at: datetime) -> Edit:
        if operation.patch and isinstance(operation.patch.project_id, Ref):
            patch = replace(operation.patch, project_id=self._id_of(operation.patch.project_id))
            operation = replace(operation, patch=patch)

        def edit(task: Task) -> Task:
            patched = conditional(operation, at)(task)
            self._require_open(patched.project_id, task.project_id)
            return patched.moved(self._places.move(operation.move, task), at) if operation.move else patched

        return edit

    def _settle(self, task: Task, at: datetime | None) -> tuple[Task, TaskState | None]:
        latest = self._log.latest()
        if task.is_settled or at is None:
            return task._replace(revision=self._next), None
        successor = latest.get(task.successor_id or 0)
        return (
            settle_completed(task, revision=self._next, successor_id=max(latest) + 1, at=at)
            if task.successor_id is None
            else settle_reopened(task, successor if isinstance(successor, Task) else None, revision=self._next, at=at)
        )

    def _restore(self, trashed: TrashedTask, at: datetime) -> Task:
        task = trashed.restored(at)
        if not isinstance(self._log.latest_projects().get(task.project_id or 0), Project):
            task = task._replace(project_id=None)
        position = self._places.place_again(task, Kind.TASK)
        task = task._replace(position=position, revision=self._next)
        self._log.states.append(task)
        return task

    def _in_trash(self, task_id: int, expected: Container[int] | None) -> TrashedTask:
        for trashed in self._log.trash():
            if trashed.id == task_id:
                trashed.task.require(expected)
                return trashed
        raise TaskNotFound(task_id)

    def _require_open(self, project_id: int | None, current: int | None) -> None:
        if project_id in (None, current):
            return
        project = self._log.latest_projects().get(project_id or 0)
        if not isinstance(project, Project):
            message = "must be the id of a project of the list"
            raise RuleViolated([Violation(("project_id",), "unknown_project", message)])
        if project.archived:
            message = "must be the id of a project that is not archived"
            raise RuleViolated([Violation(("project_id",), "archived_project", message)])

    @property
    def _next(self) -> int:
        return self._log.revision + 1

    def _id_of(self, given: int | Ref | None) -> int | None:
        return self._created[given.name] if isinstance(given, Ref) else given


def conditional(patch: Patch, at: datetime) -> Edit:
    """Return the edit for a patch operation of a batch."""

    def edit(task: Task) -> Task:
        task.require(patch.expected)
        return task.patched(patch.patch, at) if patch.patch else task

    return edit
