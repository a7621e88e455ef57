"""The bodies of a batch request and its response."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any, ClassVar, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Discriminator, FailFast, Field, ValidationError

import todo_domain as domain
from todo_api.schemas.faults import faults_of, names_of, unknown_name
from todo_api.schemas.formats import whole
from todo_api.schemas.tasks import EXAMPLE_TASK, TaskCreate, TaskPatch
from todo_domain.batch import MAX_OPERATIONS
from todo_domain.task import MAX_TASK_ID

T = TypeVar("T")

_TaskId = Annotated[int, Field(ge=1, le=MAX_TASK_ID), whole(MAX_TASK_ID)]
_Expected = Annotated[_TaskId | None, Field(description="Write only if the task is at this revision.")]


class _Operation(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    examples: ClassVar = {"id": 1, "task": EXAMPLE_TASK, "if_revision": 1, "permanent": True}

    @property
    @abstractmethod
    def as_domain(self) -> domain.Operation:
        """The operation; raises RuleViolated, EmptyPatch."""


class CreateOperation(_Operation):
    """Create a task."""

    op: Literal["create"]
    task: TaskCreate

    @property
    def as_domain(self) -> domain.Operation:
        """The operation; raises RuleViolated."""
        return domain.Create(_in_task(lambda: self.task.as_domain), self.task.move)


class PatchOperation(_Operation):
    """Change fields of a task, or move it."""

    op: Literal["patch"]
    id: _TaskId
    task: TaskPatch
    if_revision: _Expected = None

    @property
    def as_domain(self) -> domain.Operation:
        """The operation; raises RuleViolated, EmptyPatch."""
        patch = _in_task(lambda: self.task.as_domain)
        return domain.Patch(self.id, patch, _expected(self.if_revision), self.task.move)


class DeleteOperation(_Operation):
    """Delete a task: move it to the trash, or erase it if that is `permanent`."""

    op: Literal["delete"]
    id: _TaskId
    if_revision: _Expected = None
    permanent: bool = False

    @property
    def as_domain(self) -> domain.Operation:
        """The operation."""
        return domain.Remove(self.id, _expected(self.if_revision), self.permanent)


class RestoreOperation(_Operation):
    """Put a task from the trash back into the list."""

    op: Literal["restore"]
    id: _TaskId
    if_revision: _Expected = None

    @property
    def as_domain(self) -> domain.Operation:
        """The operation."""
        return domain.Restore(self.id, _expected(self.if_revision))


class EraseOperation(_Operation):
    """Erase a task in the trash."""

    op: Literal["erase"]
    id: _TaskId
    if_revision: _Expected = None

    @property
    def as_domain(self) -> domain.Operation:
        """The operation."""
        return domain.Erase(self.id, _expected(self.if_revision))


Operation = Annotated[
    CreateOperation | PatchOperation | DeleteOperation | RestoreOperation | EraseOperation, Discriminator("op")
]
_OPERATIONS: Final[Mapping[str, type[_Operation]]] = {
    "create": CreateOperation,
    "patch": PatchOperation,
    "delete": DeleteOperation,
    "restore": RestoreOperation,
    "erase": EraseOperation,
}


class BatchRequest(BaseModel):
    """1–100 operations that are done in order, all or none."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        hide_input_in_errors=True,
        json_schema_extra={
            "examples": [
                {
                    "operations": [
                        {"op": "create", "task": {"title": "Buy milk"}},
                        {"op": "patch", "id": 1, "task": {"complete": True, "move": "last"}, "if_revision": 3},
                        {"op": "delete", "id": 2},
                    ]
                }
            ]
        },
    )

    operations: Annotated[list[Operation], FailFast()] = Field(
        max_length=MAX_OPERATIONS, json_schema_extra={"minItems": 1}
    )

    @cached_property
    def as_domain(self) -> domain.Batch:
        """The batch; raises RuleViolated with locations in the body, and BatchFailed for an empty patch."""
        operations, violations = list[domain.Operation](), list[domain.Violation]()
        failed: domain.BatchFailed | None = None
        for index, operation in enumerate(self.operations):
            try:
                operations.append(operation.as_domain)
            except domain.RuleViolated as violated:
                violations += violated.at("operations", index).violations
            except domain.EmptyPatch as empty:
                failed = failed or domain.BatchFailed(index, empty)
        if violations:
            raise domain.RuleViolated(violations)
        if failed:
            raise failed
        return domain.Batch(tuple(operations))

    @classmethod
    def faults(cls, values: Mapping[str, Any]) -> Iterator[domain.Violation]:
        """Yield the faults of a refused batch, like `faults_of`, one operation at a time."""
        operations = values.get("operations")
        if "operations" not in values:
            yield domain.Violation(("operations",), "missing", "is required")
        elif not isinstance(operations, list):
            yield domain.Violation(("operations",), "list_type", "must be a list")
        elif not 1 <= len(operations) <= MAX_OPERATIONS:
            message = f"must have 1 to {MAX_OPERATIONS} operations"
            yield domain.Violation(("operations",), "batch_size", message)
        else:
            for index, operation in enumerate(operations):
                for each in _faults_of_operation(operation):
                    yield domain.Violation(("operations", index, *each.field), each.code, each.message)
        yield from (unknown_name((name,), names_of(cls), "field") for name in values if name != "operations")


def _faults_of_operation(operation: object) -> Iterator[domain.Violation]:
    if not isinstance(operation, dict):
        yield domain.Violation((), "object_type", "must be an object")
        return
    op = operation.get("op")
    kind = _OPERATIONS.get(op) if isinstance(op, str) else None
    if "op" not in operation:
        yield domain.Violation(("op",), "missing", "is required")
    elif kind is None:
        yield domain.Violation(("op",), "choice", "must be create, patch, delete, restore or erase")
    else:
        try:
            _ = kind.model_validate(operation).as_domain
        except domain.EmptyPatch as empty:
            yield domain.Violation((), "empty_patch", str(empty))
        except (ValidationError, domain.RuleViolated):
            yield from faults_of(kind, operation)


class OperationResult(BaseModel):
    """The id of the task of an operation, and its revision after it; a deletion has a revision too."""

    id: int
    revision: int


class BatchResponse(BaseModel):
    """One result for every operation, in order."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"results": [{"id": 3, "revision": 4}, {"id": 1, "revision": 5}, {"id": 2, "revision": 6}]}]
        }
    )

    results: list[OperationResult]


def _in_task(read: Callable[[], T]) -> T:
    """Return the result of `read`; add `task` to the location of its violations."""
    try:
        return read()
    except domain.RuleViolated as violated:
        raise violated.at("task") from None


def _expected(revision: int | None) -> frozenset[int] | None:
    return None if revision is None else frozenset({revision})
