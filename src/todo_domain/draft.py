"""What a caller wants a task to be, checked before any task is touched."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from enum import Enum, IntEnum
from typing import Any, Final

from todo_domain.due import Due, accept_due, check_parts, check_zone
from todo_domain.errors import EmptyPatch
from todo_domain.rules import Violations
from todo_domain.text import fold

MAX_TITLE_LENGTH: Final = 200
MAX_DESCRIPTION_LENGTH: Final = 1000
MAX_TAGS: Final = 20
MAX_TAG_LENGTH: Final = 50


class Priority(IntEnum):
    """How much a task matters; the numbers are the order."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3


class Absent(Enum):
    """The type of ABSENT: in a patch, absent means "stays" and None means "cleared"."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDraft:
    """All that a caller decides about a new task.

    - title: 1–200 code points, one of them visible; white space at both ends is dropped
    - description: None or up to 1000 code points, kept as given
    - tags: up to 20, each 1–50 code points, one of them visible; white space at both
      ends is dropped; of tags that are equal under `fold` the first is kept

    Text holds no control characters (a description: but tab, LF and CR) and no lone
    surrogates. Raises RuleViolated with everything that is wrong.
    """

    title: str
    description: str | None = None
    complete: bool = False
    priority: Priority = Priority.MEDIUM
    due: Due | None = None
    tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check every field and keep it in its accepted form."""
        _accept_fields(self, self.fields(), _ACCEPT)

    def fields(self) -> dict[str, Any]:
        """Return all fields by their names."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True, kw_only=True)
class DuePatch:
    """The parts of a due to change, within a TaskPatch, which checks each; the others stay as they are.

    None clears `time` and `timezone` and is refused for `date`.
    """

    date: dt.date | Absent = ABSENT
    time: dt.time | Absent | None = ABSENT
    timezone: str | Absent | None = ABSENT

    def named_parts(self) -> dict[str, Any]:
        """Return the parts that are not absent."""
        return _named(self)

    def applied_to(self, due: Due | None) -> Due:
        """Return the due with these parts; raise RuleViolated when it has no day, or a time zone alone."""
        known = asdict(due) if due else {"date": None}
        patched = Due(**known | self.named_parts())
        found = Violations()
        check_parts(found, {"date": patched.date})
        check_zone(found, patched)
        found.refuse()
        return patched


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPatch:
    """The fields of a task to change, by the rules of TaskDraft; the others stay as they are.

    A Due replaces that of the task whole, a DuePatch changes parts of it. None clears
    `description` and `due` and is refused elsewhere. Raises EmptyPatch when no field
    is named, RuleViolated with everything that is wrong.
    """

    title: str | Absent = ABSENT
    description: str | Absent | None = ABSENT
    complete: bool | Absent = ABSENT
    priority: Priority | Absent = ABSENT
    due: Due | DuePatch | Absent | None = ABSENT
    tags: tuple[str, ...] | Absent = ABSENT

    def __post_init__(self) -> None:
        """Check every named field and keep it in its accepted form."""
        named = self.named_fields()
        if not named:
            raise EmptyPatch
        _accept_fields(self, named, _ACCEPT_PATCH)

    def named_fields(self) -> dict[str, Any]:
        """Return the fields that are not absent."""
        return _named(self)


def _named(patch: TaskPatch | DuePatch) -> dict[str, Any]:
    return {name: value for name in patch.__dataclass_fields__ if (value := getattr(patch, name)) is not ABSENT}


def _accept_title(found: Violations, title: object) -> str:
    return found.line(("title",), title, MAX_TITLE_LENGTH)


def _accept_description(found: Violations, description: object) -> str | None:
    return None if description is None else found.prose(("description",), description, MAX_DESCRIPTION_LENGTH)


def _accept_complete(found: Violations, complete: object) -> object:
    found.expect(isinstance(complete, bool), ("complete",), "bool_type", "must be true or false")
    return complete


def _accept_priority(found: Violations, priority: object) -> object:
    found.expect(isinstance(priority, Priority), ("priority",), "priority_type", "must be low, medium or high")
    return priority


def _accept_due_or_patch(found: Violations, due: object) -> Due | DuePatch | None:
    if not isinstance(due, DuePatch):
        return accept_due(found, due)
    check_parts(found, due.named_parts())
    return due


def accept_tags(found: Violations, tags: object, field: str = "tags") -> tuple[str, ...]:
    """Return the tags trimmed and without those that are equal to an earlier one under `fold`."""
    if not isinstance(tags, tuple | list):
        found.add((field,), "tags_type", "must be a list of tags")
        return ()
    if len(tags) > MAX_TAGS:
        found.add((field,), "too_many_tags", f"must have at most {MAX_TAGS} tags")
        return ()
    accepted: dict[str, str] = {}
    for position, tag in enumerate(tags):
        trimmed = found.line((field, position), tag, MAX_TAG_LENGTH)
        accepted.setdefault(fold(trimmed), trimmed)
    return tuple(accepted.values())


_Accept = Mapping[str, Callable[[Violations, object], object]]
_ACCEPT: _Accept = {
    "title": _accept_title,
    "description": _accept_description,
    "complete": _accept_complete,
    "priority": _accept_priority,
    "due": accept_due,
    "tags": accept_tags,
}
_ACCEPT_PATCH: _Accept = {**_ACCEPT, "due": _accept_due_or_patch}


def _accept_fields(target: TaskDraft | TaskPatch, fields: Mapping[str, object], accept: _Accept) -> None:
    """Bring these fields of a frozen target into their accepted form."""
    found = Violations()
    for name, given in fields.items():
        accepted = accept[name](found, given)
        if accepted is not given:
            object.__setattr__(target, name, accepted)
    found.refuse()
