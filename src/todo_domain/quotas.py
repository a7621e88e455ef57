"""How much of a store one user may use."""

from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Final

from todo_domain.counters import ListCounters
from todo_domain.errors import QuotaExceeded, TooManyKeys
from todo_domain.project import MAX_PROJECTS
from todo_domain.rules import Violations

KEY_AGE: Final = timedelta(hours=24)
"""An idempotency key is stored at least that long. Older ones are forgotten when a user has too many."""

MAX_FORGOTTEN: Final = 1000
"""The most deletions or keys of one user that are forgotten at once, and the most tasks that are erased then."""


@dataclass(frozen=True, slots=True)
class Quotas:
    """The bounds that hold for the list of each user; 0 means no bound. Raises RuleViolated.

    - max_open_tasks, max_tasks: tasks that are not complete, and all tasks
    - max_deletions: deletions that are remembered
    - max_trash: tasks in the trash
    - max_keys: outcomes that are stored for idempotency keys, see `ListCounters`
    """

    max_open_tasks: int = 0
    max_tasks: int = 0
    max_deletions: int = 0
    max_trash: int = 0
    max_keys: int = 0

    def __post_init__(self) -> None:
        """Check that no bound is negative."""
        found = Violations()
        for field in fields(self):
            value = getattr(self, field.name)
            found.expect(type(value) is int and value >= 0, (field.name,), "quota", "must be 0 or a positive integer")
        found.raise_if_any()

    def check(self, before: ListCounters, after: ListCounters) -> None:
        """Raise QuotaExceeded or TooManyKeys if a write increases a counter to more than its bound.

        So a user above a bound can still do everything that does not increase the counter.
        """
        if _exceeds(self.max_open_tasks, before.open_count, after.open_count):
            raise QuotaExceeded("open tasks", self.max_open_tasks)
        if _exceeds(self.max_tasks, before.task_count, after.task_count):
            raise QuotaExceeded("tasks", self.max_tasks)
        if _exceeds(self.max_keys, before.key_count, after.key_count):
            raise TooManyKeys(self.max_keys)
        if _exceeds(MAX_PROJECTS, before.project_count, after.project_count):
            raise QuotaExceeded("projects", MAX_PROJECTS)

    def surplus_deletions(self, deletion_count: int) -> int:
        """Return how many of the oldest deletions to forget after a write, at most `MAX_FORGOTTEN`.

        Above the bound, 99 % of it are kept, so that not every further deletion has to forget one.
        """
        return _surplus(self.max_deletions, deletion_count)

    def surplus_trash(self, trash_count: int) -> int:
        """Return how many of the oldest tasks in the trash to erase after a write, by the rule of deletions."""
        return _surplus(self.max_trash, trash_count)


NO_QUOTAS: Final = Quotas()


def _surplus(bound: int, count: int) -> int:
    return min(count - bound + bound // 100, MAX_FORGOTTEN) if 0 < bound < count else 0


def _exceeds(bound: int, before: int, after: int) -> bool:
    return 0 < bound < after and before < after
