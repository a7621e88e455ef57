"""What a client requests of the order: where an item is to be."""

from dataclasses import dataclass

from todo_domain.errors import RuleViolated, Violation
from todo_domain.rules import Violations
from todo_domain.task import MAX_TASK_ID


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A place in the order: directly after or before another item, first, or last.

    Exactly one field is given. Raises RuleViolated.
    """

    after: int | None = None
    before: int | None = None
    first: bool = False
    last: bool = False

    def __post_init__(self) -> None:
        """Check each field, and that exactly one is given."""
        found = Violations()
        for name, anchor in (("after", self.after), ("before", self.before)):
            holds = anchor is None or (type(anchor) is int and 1 <= anchor <= MAX_TASK_ID)
            found.expect(holds, ("move", name), "anchor_type", f"must be an id, 1 to {MAX_TASK_ID}")
        for name, end in (("first", self.first), ("last", self.last)):
            found.expect(isinstance(end, bool), ("move", name), "bool_type", "must be true or false")
        given = [self.after is not None, self.before is not None, bool(self.first), bool(self.last)]
        found.expect(sum(given) == 1, ("move",), "move_place", "must name exactly one of after, before, first and last")
        found.raise_if_any()

    @property
    def anchor(self) -> int | None:
        """The id of the other item; None for an end of the list."""
        return self.before if self.after is None else self.after

    def refused_anchor(self) -> RuleViolated:
        """Return the error for an anchor that is missing, deleted, of another user or the moved item itself."""
        name = "before" if self.after is None else "after"
        return RuleViolated([Violation(("move", name), "unknown_anchor", "must be the id of another item of the list")])
