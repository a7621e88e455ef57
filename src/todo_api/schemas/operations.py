"""The operations of a batch."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, ClassVar, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Discriminator, Field, ValidationError

import todo_domain as domain
from todo_api.schemas.due import absent
from todo_api.schemas.faults import faults_of
from todo_api.schemas.formats import Id
from todo_api.schemas.projects import EXAMPLE_PROJECT, ProjectCreate, ProjectPatch
from todo_api.schemas.references import IdOrRef, RefName
from todo_api.schemas.task_bodies import TaskCreate, TaskPatch
from todo_api.schemas.tasks import EXAMPLE_TASK

T = TypeVar("T")

_Expected = Annotated[Id | None, Field(description="Write only if the task is at this revision.")]
_ExpectedOfProject = Annotated[Id | None, Field(description="Write only if the project is at this revision.")]


class _Operation(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    examples: ClassVar = {
        "id": 1,
        "task": EXAMPLE_TASK,
        "project": EXAMPLE_PROJECT,
        "if_revision": 1,
        "permanent": True,
        "ref": "a",
    }

    @property
    @abstractmethod
    def as_domain(self) -> domain.Operation:
        """The operation; raises RuleViolated, EmptyPatch."""


class TaskCreateInBatch(TaskCreate):
    """A new task in a batch."""

    project_id: IdOrRef | None = None


class TaskPatchInBatch(TaskPatch):
    """The fields to change in a batch (RFC 7396) or a move, at least one."""

    project_id: IdOrRef | None = Field(default_factory=absent)


class CreateOperation(_Operation):
    """Create a task, which later operations may name by `ref`."""

    op: Literal["create"]
    task: TaskCreateInBatch
    ref: RefName | None = None

    @property
    def as_domain(self) -> domain.Operation:
        """The operation; raises RuleViolated."""
        return domain.Create(_inside("task", lambda: self.task.as_domain), self.task.move, self.ref)


class PatchOperation(_Operation):
    """Change fields of a task, or move it."""

    op: Literal["patch"]
    id: IdOrRef
    task: TaskPatchInBatch
    if_revision: _Expected = None

    @property
    def as_domain(self) -> domain.Operation:
        """The operation; raises RuleViolated, EmptyPatch."""
        patch = _inside("task", lambda: self.task.as_domain)
        return domain.Patch(self.id, patch, _expected(self.if_revision), self.task.move)


class DeleteOperation(_Operation):
    """Delete a task: move it to the trash, or erase it if that is `permanent`."""

    op: Literal["delete"]
    id: IdOrRef
    if_revision: _Expected = None
    permanent: bool = False

    @property
    def as_domain(self) -> domain.Operation:
        """The operation."""
        return domain.Remove(self.id, _expected(self.if_revision), self.permanent)


class RestoreOperation(_Operation):
    """Put a task from the trash back into the list."""

    op: Literal["restore"]
    id: IdOrRef
    if_revision: _Expected = None

    @property
    def as_domain(self) -> domain.Operation:
        """The operation."""
        return domain.Restore(self.id, _expected(self.if_revision))


class EraseOperation(_Operation):
    """Erase a task in the trash."""

    op: Literal["erase"]
    id: IdOrRef
    if_revision: _Expected = None

    @property
    def as_domain(self) -> domain.Operation:
        """The operation."""
        return domain.Erase(self.id, _expected(self.if_revision))


class CreateProjectOperation(_Operation):
    """Create a project, which later operations may name by `ref`."""

    op: Literal["create_project"]
    project: ProjectCreate
    ref: RefName | None = None

    @property
    def as_domain(self) -> domain.Operation:
        """The operation; raises RuleViolated."""
        draft = _inside("project", lambda: self.project.as_domain)
        return domain.CreateProject(draft, self.project.move, self.ref)


class PatchProjectOperation(_Operation):
    """Change fields of a project."""

    op: Literal["patch_project"]
    id: IdOrRef
    project: ProjectPatch
    if_revision: _ExpectedOfProject = None

    @property
    def as_domain(self) -> domain.Operation:
        """The operation; raises RuleViolated, EmptyPatch."""
        patch = _inside("project", lambda: self.project.as_domain)
        return domain.PatchProject(self.id, patch, _expected(self.if_revision), self.project.move)


class DeleteProjectOperation(_Operation):
    """Delete a project and the tasks in it: move them to the trash, or erase them if that is `permanent`."""

    op: Literal["delete_project"]
    id: IdOrRef
    if_revision: _ExpectedOfProject = None
    permanent: bool = False

    @property
    def as_domain(self) -> domain.Operation:
        """The operation."""
        return domain.RemoveProject(self.id, _expected(self.if_revision), self.permanent)


class RestoreProjectOperation(_Operation):
    """Restore a project from the trash, and the tasks that were deleted with it."""

    op: Literal["restore_project"]
    id: IdOrRef
    if_revision: _ExpectedOfProject = None

    @property
    def as_domain(self) -> domain.Operation:
        """The operation."""
        return domain.RestoreProject(self.id, _expected(self.if_revision))


Operation = Annotated[
    CreateOperation
    | PatchOperation
    | DeleteOperation
    | RestoreOperation
    | EraseOperation
    | CreateProjectOperation
    | PatchProjectOperation
    | DeleteProjectOperation
    | RestoreProjectOperation,
    Discriminator("op"),
]
_OPERATIONS: Final[Mapping[str, type[_Operation]]] = {
    "create": CreateOperation,
    "patch": PatchOperation,
    "delete": DeleteOperation,
    "restore": RestoreOperation,
    "erase": EraseOperation,
    "create_project": CreateProjectOperation,
    "patch_project": PatchProjectOperation,
    "delete_project": DeleteProjectOperation,
    "restore_project": RestoreProjectOperation,
}


def faults_of_operation(operation: object) -> Iterator[domain.Violation]:
    """Yield the faults of one operation, like `faults_of`."""
    if not isinstance(operation, dict):
        yield domain.Violation((), "object_type", "must be an object")
        return
    op = operation.get("op")
    kind = _OPERATIONS.get(op) if isinstance(op, str) else None
    if "op" not in operation:
        yield domain.Violation(("op",), "missing", "is required")
    elif kind is None:
        yield domain.Violation(("op",), "choice", f"must be one of {', '.join(_OPERATIONS)}")
    else:
        try:
            _ = kind.model_validate(operation).as_domain
        except domain.EmptyPatch as empty:
            yield domain.Violation((), "empty_patch", str(empty))
        except (ValidationError, domain.RuleViolated):
            yield from faults_of(kind, operation)


def _inside(name: str, read: Callable[[], T]) -> T:
    """Return the result of `read`; add the name to the location of its violations."""
    try:
        return read()
    except domain.RuleViolated as violated:
        raise violated.at(name) from None


def _expected(revision: int | None) -> frozenset[int] | None:
    return None if revision is None else frozenset({revision})
