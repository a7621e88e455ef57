"""The bodies of a batch of operations and of its answer."""

from collections.abc import Callable
from functools import cached_property
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field

import todo_domain as domain
from todo_api.schemas.tasks import TaskCreate, TaskPatch
from todo_domain.batch import MAX_OPERATIONS
from todo_domain.task import MAX_TASK_ID

T = TypeVar("T")

# To JSON 7.0 is 7 (RFC 8259 §6).
_Whole = BeforeValidator(lambda value: int(value) if isinstance(value, float) and value.is_integer() else value)
_TaskId = Annotated[int, Field(ge=1, le=MAX_TASK_ID), _Whole]
_Expected = Annotated[
    int | None, Field(ge=1, le=MAX_TASK_ID, description="Do it only if the task is at this revision."), _Whole
]


class _Operation(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class CreateOperation(_Operation):
    """Create a task."""

    op: Literal["create"]
    task: TaskCreate

    @property
    def meaning(self) -> domain.Operation:
        """The operation; raises RuleViolated."""
        return domain.Create(_in_task(lambda: self.task.meaning))


class PatchOperation(_Operation):
    """Change fields of a task."""

    op: Literal["patch"]
    id: _TaskId
    task: TaskPatch
    if_revision: _Expected = None

    @property
    def meaning(self) -> domain.Operation:
        """The operation; raises RuleViolated, EmptyPatch."""
        return domain.Patch(self.id, _in_task(lambda: self.task.meaning), _expected(self.if_revision))


class DeleteOperation(_Operation):
    """Delete a task."""

    op: Literal["delete"]
    id: _TaskId
    if_revision: _Expected = None

    @property
    def meaning(self) -> domain.Operation:
        """The operation."""
        return domain.Remove(self.id, _expected(self.if_revision))


Operation = Annotated[CreateOperation | PatchOperation | DeleteOperation, Discriminator("op")]


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
                        {"op": "patch", "id": 1, "task": {"complete": True}, "if_revision": 3},
                        {"op": "delete", "id": 2},
                    ]
                }
            ]
        },
    )

    operations: list[Operation] = Field(json_schema_extra={"minItems": 1, "maxItems": MAX_OPERATIONS})

    @cached_property
    def meaning(self) -> domain.Batch:
        """The batch; raises RuleViolated with the places in the body, BatchFailed for an empty patch."""
        operations, violations = list[domain.Operation](), list[domain.Violation]()
        for index, operation in enumerate(self.operations):
            try:
                operations.append(operation.meaning)
            except domain.RuleViolated as violated:
                violations += violated.at("operations", index).violations
            except domain.EmptyPatch as empty:
                raise domain.BatchFailed(index, empty) from None
        if violations:
            raise domain.RuleViolated(violations)
        return domain.Batch(tuple(operations))


class OperationResult(BaseModel):
    """The task that an operation was about, and its revision afterwards; a deletion has one too."""

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
    """Return what is read of an operation's task, whose violations are places in it."""
    try:
        return read()
    except domain.RuleViolated as violated:
        raise violated.at("task") from None


def _expected(revision: int | None) -> frozenset[int] | None:
    return None if revision is None else frozenset({revision})
