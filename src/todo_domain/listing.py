"""List queries: their conditions, their order and their pages.

The domain defines order and search on code points, so that every adapter returns the
same result: adapters store the derived keys and compare bytes.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Final

from todo_domain.cursor import Position, cursor_refused, decode_cursor, encode_cursor
from todo_domain.digest import digester, given_fields
from todo_domain.draft import ABSENT, Absent, Priority, accept_tags
from todo_domain.due import Due, first_key_of, is_day, last_key_of
from todo_domain.position import is_position
from todo_domain.rules import MAX_ID, Violations
from todo_domain.task import Task
from todo_domain.text import fold, is_clean

MAX_LIMIT: Final = 500
MAX_SEARCH_LENGTH: Final = 200
_identify: Final = digester()
_PAGING: Final = frozenset({"limit", "cursor"})
"""Fields that select a page. They are not part of the identity of a query."""


class SortKey(StrEnum):
    """The value by which tasks are ordered."""

    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"
    DUE = "due"
    PRIORITY = "priority"
    TITLE = "title"
    POSITION = "position"

    def of(self, task: Task) -> str | int | None:
        """Return the value by which the task is ordered; None comes last, ascending and descending."""
        match self:
            case SortKey.CREATED_AT:
                return instant_key(task.created_at)
            case SortKey.UPDATED_AT:
                return instant_key(task.updated_at)
            case SortKey.DUE:
                return task.due.sort_key if task.due else None
            case SortKey.PRIORITY:
                return int(task.priority)
            case SortKey.TITLE:
                return fold(task.title)
            case SortKey.POSITION:  # pragma: no branch  # mypy checks that this is the last case
                return task.position

    def is_possible(self, value: object) -> bool:  # noqa: PLR0911 - one for each type of key
        """Return whether a task could have this value."""
        match self, value:
            case ((SortKey.CREATED_AT | SortKey.UPDATED_AT), str()):
                return _is_canonical(value, lambda text: instant_key(datetime.fromisoformat(text).replace(tzinfo=UTC)))
            case SortKey.DUE, None:
                return True
            case SortKey.DUE, str():
                return _is_canonical(value, lambda text: Due.from_sort_key(text, None).sort_key)
            case SortKey.PRIORITY, int():
                return value in set(Priority)
            case SortKey.TITLE, str():
                return is_clean(value) and fold(value) == value
            case SortKey.POSITION, str():
                return is_position(value)
            case _:
                return False


def instant_key(instant: datetime) -> str:
    """Return text that sorts like the instant itself, to the microsecond."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


@dataclass(frozen=True, slots=True)
class Rank:
    """The position of a task in the order of a query: the lower rank comes first.

    Compare only ranks of the same query. `value` is from `SortKey.of` or from a cursor.
    None comes last in both directions; equal values are ordered by id.
    """

    value: Any
    id: int
    descending: bool

    def __lt__(self, other: "Rank") -> bool:
        if self.value == other.value:
            return self.id < other.id
        if self.value is None or other.value is None:
            return other.value is None
        return bool(self.value > other.value if self.descending else self.value < other.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskQuery:
    """Lists the tasks of a user that match every condition.

    - priority: the task has one of these; empty accepts every priority
    - tag: the task has all of these, compared by `fold`
    - due_from, due_until: the first and the last day; a task without a due does not match
    - project: the task is in this project; None for tasks without one
    - q: 1–200 code points that the title, the description or the title of an item contains, compared by `fold`
    - limit: 1–500 tasks, or None for all
    - cursor: the `next_cursor` of a page of the same query

    Equal values are ordered by ascending id. Raises RuleViolated.
    """

    complete: bool | None = None
    priority: frozenset[Priority] = frozenset()
    tag: tuple[str, ...] = ()
    due_from: date | None = None
    due_until: date | None = None
    q: str | None = None
    project: int | Absent | None = ABSENT
    sort: SortKey = SortKey.CREATED_AT
    descending: bool = False
    limit: int | None = None
    cursor: str | None = None
    after: Position | None = field(init=False, default=None)
    _identity: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the rules, fold the texts, and decode the cursor."""
        found = Violations()
        found.expect(isinstance(self.complete, bool | None), ("complete",), "bool_type", "must be true or false")
        found.expect(_are_priorities(self.priority), ("priority",), "priority_type", "must be of low, medium and high")
        object.__setattr__(self, "tag", tuple(sorted(map(fold, accept_tags(found, self.tag, "tag")))))
        for name, day in (("due_from", self.due_from), ("due_until", self.due_until)):
            found.expect(day is None or is_day(day), (name,), "date_type", "must be a day")
        is_id = type(self.project) is int and 1 <= self.project <= MAX_ID
        found.expect(is_id or self.project in (None, ABSENT), ("project",), "project_type", "must be an id or none")
        if self.q == "":
            found.add(("q",), "text_too_short", f"must have 1 to {MAX_SEARCH_LENGTH} characters")
        elif self.q is not None:
            object.__setattr__(self, "q", fold(found.multiline(("q",), self.q, MAX_SEARCH_LENGTH)))
        found.expect(isinstance(self.sort, SortKey), ("sort",), "sort", f"must be one of {', '.join(SortKey)}")
        found.expect(isinstance(self.descending, bool), ("descending",), "bool_type", "must be true or false")
        if self.limit is not None:
            found.page_size(self.limit, MAX_LIMIT)
        found.raise_if_any()
        # Computed once: the API caches queries, and clients repeat them.
        object.__setattr__(self, "_identity", self._digest())
        if self.cursor is not None:
            after = decode_cursor(self.cursor, self._identity)
            if not self.sort.is_possible(after.value):
                raise cursor_refused()
            object.__setattr__(self, "after", after)

    @property
    def due_range(self) -> tuple[str | None, str | None]:
        """The lowest and the highest `Due.sort_key` that match; None means no limit."""
        return (
            first_key_of(self.due_from) if self.due_from else None,
            last_key_of(self.due_until) if self.due_until else None,
        )

    def matches(self, task: Task) -> bool:
        """Return whether the task matches every condition. The cursor and the limit are not conditions."""
        earliest, latest = self.due_range
        due = task.due.sort_key if task.due else None
        return (
            self.complete in (None, task.complete)
            and (not self.priority or task.priority in self.priority)
            and set(self.tag) <= {fold(tag) for tag in task.tags}
            and (earliest is None or (due is not None and due >= earliest))
            and (latest is None or (due is not None and due <= latest))
            and self.project in (ABSENT, task.project_id)
            and (self.q is None or any(self.q in fold(text) for text in _searched(task)))
        )

    def sort_key(self, task: Task) -> Rank:
        """Return the key that sorts tasks into the order of the query: `sorted(tasks, key=query.sort_key)`."""
        return Rank(self.sort.of(task), task.id, self.descending)

    def follows(self, task: Task) -> bool:
        """Return whether the task comes after the cursor; always true without a cursor."""
        return self.after is None or Rank(self.after.value, self.after.id, self.descending) < self.sort_key(task)

    def cursor_after(self, task: Task) -> str:
        """Return the cursor of the page that begins after this task."""
        return encode_cursor(self._identity, Position(self.sort.of(task), task.id))

    def page(self, found: Sequence[Task], revision: int) -> "TaskPage":
        """Return the page for the tasks that an adapter found, in order: all of them, or the first `limit + 1`."""
        if self.limit is None or len(found) <= self.limit:
            return TaskPage(tuple(found), None, revision)
        tasks = tuple(found[: self.limit])
        return TaskPage(tasks, self.cursor_after(tasks[-1]), revision)

    def _digest(self) -> str:
        conditions = given_fields(self)
        for name in _PAGING:
            conditions.pop(name, None)
        return _identify(conditions)[:16]


@dataclass(frozen=True, slots=True)
class TaskPage:
    """Some tasks in order; `next_cursor` is None on the last page; `revision` is that of the list."""

    tasks: tuple[Task, ...]
    next_cursor: str | None
    revision: int


@dataclass(frozen=True, slots=True)
class TaskIds:
    """The ids of tasks in order, and the list's revision at which they were found."""

    ids: Sequence[int]
    revision: int


def _searched(task: Task) -> Iterator[str]:
    yield task.title
    yield task.description or ""
    yield from (item.title for item in task.checklist)


def _are_priorities(value: object) -> bool:
    return isinstance(value, frozenset) and all(isinstance(each, Priority) for each in value)


def _is_canonical(text: str, rewrite: Callable[[str], str]) -> bool:
    """Return whether the text is in canonical form: parsing and formatting it gives the same text."""
    try:
        return rewrite(text) == text
    except ValueError:
        return False
