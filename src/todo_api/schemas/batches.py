"""The bodies of a batch of operations and of its answer."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field

import todo_domain as domain
from todo_api.schemas.formats import Integer
from todo_api.schemas.places import violations_at
from todo_api.schemas.tasks import TaskCreate, TaskPatch
from todo_domain.batch import MAX_OPERATIONS
from todo_domain.task import MAX_TASK_ID

_TaskId = Annotated[Integer, Field(ge=1, le=MAX_TASK_ID)]
_Expected = Annotated[
    Integer | None, Field(ge=1, le=MAX_TASK_ID, description="Do it only if the task is at this revision.")
]


class _Operation(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class CreateOperation(_Operation):
    """Create a task."""

    op: Literal["create"]
    task: TaskCreate

    def to_domain(self, index: int) -> domain.Operation:
        """Return the operation; raise RuleViolated."""
        with _in_task(index):
            return domain.Create(self.task.to_domain())


class PatchOperation(_Operation):
    """Change fields of a task."""

    op: Literal["patch"]
    id: _TaskId
    task: TaskPatch
    if_revision: _Expected = None

    def to_domain(self, index: int) -> domain.Operation:
        """Return the operation; raise RuleViolated, and BatchFailed for an empty patch."""
        try:
            with _in_task(index):
                patch = self.task.to_domain()
        except domain.EmptyPatch as empty:
            raise domain.BatchFailed(index, empty) from None
        return domain.Patch(self.id, patch, _expected(self.if_revision))


class DeleteOperation(_Operation):
    """Delete a task."""

    op: Literal["delete"]
    id: _TaskId
    if_revision: _Expected = None

    def to_domain(self, _index: int) -> domain.Operation:
        """Return the operation."""
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

    def to_domain(self) -> domain.Batch:
        """Return the batch; raise RuleViolated with the places in the body, BatchFailed."""
        operations = tuple(operation.to_domain(index) for index, operation in enumerate(self.operations))
        with violations_at("body"):
            return domain.Batch(operations)


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


def _in_task(index: int) -> violations_at:
    return violations_at("body", "operations", index, "task")


def _expected(revision: int | None) -> frozenset[int] | None:
    return None if revision is None else frozenset({revision})
