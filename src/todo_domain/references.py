"""References within a batch: an operation names what an earlier one creates, before it has an id."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from todo_domain.rules import Violations

MAX_REF_LENGTH: Final = 50


@dataclass(frozen=True, slots=True)
class Ref:
    """The task or project that the operation with this `ref` creates, instead of its id."""

    name: str


def check_references(found: Violations, operations: Sequence[Any]) -> None:
    """Check that every Ref names what an earlier operation creates, and that no two operations have one `ref`."""
    created: dict[str, str] = {}
    for index, operation in enumerate(operations):
        for place, ref, kind in _references_of(operation):
            message = f"must be the ref of an earlier operation that creates a {kind}"
            found.expect(created.get(ref.name) == kind, ("operations", index, *place), "unknown_ref", message)
        given = getattr(operation, "ref", None)
        if given is not None:
            own = ("operations", index, "ref")
            found.single_line(own, given, MAX_REF_LENGTH)
            name = str(given)  # with white space at its ends: the evaluation compares refs as they are
            found.expect(name not in created, own, "duplicate_ref", "must not be the ref of an earlier operation")
            created[name] = "task" if hasattr(operation.draft, "title") else "project"


def _references_of(operation: Any) -> Iterator[tuple[tuple[str, ...], Ref, str]]:
    """Yield each Ref of an operation with its place and the kind of what it must name."""
    for name, kind in (("task_id", "task"), ("project_id", "project")):
        given = getattr(operation, name, None)
        if isinstance(given, Ref):
            yield ("id",), given, kind
    for name in ("draft", "patch"):
        given = getattr(getattr(operation, name, None), "project_id", None)
        if isinstance(given, Ref):
            yield ("task", "project_id"), given, "project"
