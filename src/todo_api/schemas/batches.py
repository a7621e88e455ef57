"""The bodies of a batch request and its response."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, FailFast, Field

import todo_domain as domain
from todo_api.schemas.faults import names_of, unknown_name
from todo_api.schemas.operations import Operation, faults_of_operation
from todo_domain.batch import MAX_OPERATIONS


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
                        {"op": "create_project", "ref": "home", "project": {"name": "Household"}},
                        {"op": "create", "ref": "milk", "task": {"title": "Buy milk", "project_id": {"ref": "home"}}},
                        {"op": "patch", "id": {"ref": "milk"}, "task": {"priority": "high", "move": "first"}},
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
            refused = False
            for index, operation in enumerate(operations):
                for each in faults_of_operation(operation):
                    refused = True
                    yield domain.Violation(("operations", index, *each.field), each.code, each.message)
            if not refused:
                yield from _faults_of_references(operations)
        yield from (unknown_name((name,), names_of(cls), "field") for name in values if name != "operations")


def _faults_of_references(operations: list[Any]) -> Iterator[domain.Violation]:
    try:
        _ = BatchRequest.model_validate({"operations": operations}).as_domain
    except domain.RuleViolated as violated:
        yield from violated.violations


class OperationResult(BaseModel):
    """The id of the task or project of an operation, and its revision after it; a deletion has a revision too."""

    id: int
    revision: int


class BatchResponse(BaseModel):
    """One result for every operation, in order."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"results": [{"id": 1, "revision": 1}, {"id": 1, "revision": 2}, {"id": 1, "revision": 3}]}]
        }
    )

    results: list[OperationResult]
