"""The values that a caller gives a new task, or changes in a task; the constructors check them."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import Enum, IntEnum
from typing import Any, Final

from todo_domain.checklist import ChecklistItem, accept_checklist
from todo_domain.due import Due, accept_due, check_parts, check_zone, is_day
from todo_domain.errors import EmptyPatch, RuleViolated, Violation
from todo_domain.recurrence import CountedFrom, Recurrence, RecurrenceDraft
from todo_domain.recurrence.parsing import RULE_FIELD
from todo_domain.recurrence.series import accept_parts, accept_recurrence, check_occurrence
from todo_domain.references import Ref
from todo_domain.rules import MAX_ID, Violations
from todo_domain.text import fold

MAX_TITLE_LENGTH: Final = 200
MAX_DESCRIPTION_LENGTH: Final = 1000
MAX_TAGS: Final = 20
MAX_TAG_LENGTH: Final = 50


class Priority(IntEnum):
    """How important a task is; the numbers define the order."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3


class Absent(Enum):
    """The type of ABSENT. In a patch, an absent field keeps its value, and None clears it."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT

# The rules for a recurrence together with other fields: a location, a code and a message.
NEEDS_DUE: Final = (("recurrence",), "recurrence_due", "needs a due")
KEEPS_DUE: Final = (("due",), "recurrence_due", "can't be null while the task recurs")
NOT_COMPLETE: Final = (("recurrence",), "recurrence_complete", "must be null for a task that is complete")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDraft:
    """The values of a new task.

    - title: 1–200 code points, at least one visible; white space at both ends is removed
    - description: None or up to 1000 code points, stored unchanged
    - tags: up to 20, each 1–50 code points, at least one visible; white space at both
      ends is removed; of tags that are equal under `fold`, only the first is kept
    - project_id: a project of the user that is not archived, or a Ref to one; the store checks that
    - checklist: up to 100 items, each title 1–200 code points, with the rules of the title
    - recurrence: needs a due, a task that is not complete, and an occurrence within 40 years

    Text must not contain lone surrogates or control characters; a description may
    contain tab, LF and CR. Raises RuleViolated with all violations.
    """

    title: str
    description: str | None = None
    complete: bool = False
    priority: Priority = Priority.MEDIUM
    due: Due | None = None
    recurrence: RecurrenceDraft | None = None
    tags: tuple[str, ...] = ()
    checklist: tuple[ChecklistItem, ...] = ()
    project_id: int | Ref | None = None

    def __post_init__(self) -> None:
        """Check and normalize every field."""
        found = Violations()
        _accept_fields(found, self, self.fields(), _ACCEPT)
        if isinstance(self.recurrence, RecurrenceDraft):
            found.expect(self.complete is not True, *NOT_COMPLETE)
            found.expect(self.due is not None, *NEEDS_DUE)
            if isinstance(self.due, Due) and is_day(self.due.date):
                check_occurrence(found, self.recurrence, self.due.date)
        found.raise_if_any()

    def fields(self) -> dict[str, Any]:
        """Return all fields by name."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True, kw_only=True)
class DuePatch:
    """The parts of a due to change; absent parts keep their values. TaskPatch checks each part.

    None clears `time` and `timezone`, and is refused for `date`.
    """

    date: dt.date | Absent = ABSENT
    time: dt.time | Absent | None = ABSENT
    timezone: str | Absent | None = ABSENT

    def named_parts(self) -> dict[str, Any]:
        """Return the parts that are not absent."""
        return _named(self)

    def applied_to(self, due: Due | None) -> Due:
        """Return the due with these parts; raise RuleViolated if it has no date, or a time zone without a time."""
        known = asdict(due) if due else {"date": None}
        patched = Due(**known | self.named_parts())
        found = Violations()
        found.expect(patched.date is not None, ("due", "date"), "missing", "is required")
        check_zone(found, patched)
        found.raise_if_any()
        return patched


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurrencePatch:
    """The parts of a recurrence to change; absent parts keep their values. TaskPatch checks each part."""

    rule: str | Absent = ABSENT
    counted_from: CountedFrom | Absent = ABSENT

    def named_parts(self) -> dict[str, Any]:
        """Return the parts that are not absent."""
        return _named(self)

    def applied_to(self, recurrence: Recurrence | None) -> RecurrenceDraft:
        """Return the recurrence with these parts; raise RuleViolated if it has no rule."""
        if recurrence:
            return replace(recurrence.draft, **self.named_parts())
        if self.rule is ABSENT:
            raise RuleViolated([Violation(RULE_FIELD, "missing", "is required")])
        return RecurrenceDraft(**self.named_parts())


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPatch:
    """The fields of a task to change, with the rules of TaskDraft; absent fields keep their values.

    A Due or a RecurrenceDraft replaces the whole value of the task, a DuePatch or a
    RecurrencePatch changes parts of it. None clears `description`, `due`, `recurrence` and
    `project_id`, and is refused for other fields. Raises EmptyPatch if all fields are absent, and
    RuleViolated with all violations.
    """

    title: str | Absent = ABSENT
    description: str | Absent | None = ABSENT
    complete: bool | Absent = ABSENT
    priority: Priority | Absent = ABSENT
    due: Due | DuePatch | Absent | None = ABSENT
    recurrence: RecurrenceDraft | RecurrencePatch | Absent | None = ABSENT
    tags: tuple[str, ...] | Absent = ABSENT
    checklist: tuple[ChecklistItem, ...] | Absent = ABSENT
    project_id: int | Ref | Absent | None = ABSENT

    def __post_init__(self) -> None:
        """Check and normalize every field that is not absent."""
        named = self.named_fields()
        if not named:
            raise EmptyPatch
        found = Violations()
        _accept_fields(found, self, named, _ACCEPT_PATCH)
        found.raise_if_any()

    def named_fields(self) -> dict[str, Any]:
        """Return the fields that are not absent."""
        return _named(self)


def _named(patch: TaskPatch | DuePatch | RecurrencePatch) -> dict[str, Any]:
    return {name: value for name in patch.__dataclass_fields__ if (value := getattr(patch, name)) is not ABSENT}


def _accept_title(found: Violations, title: object) -> str:
    return found.single_line(("title",), title, MAX_TITLE_LENGTH)


def _accept_description(found: Violations, description: object) -> str | None:
    return None if description is None else found.multiline(("description",), description, MAX_DESCRIPTION_LENGTH)


def _accept_complete(found: Violations, complete: object) -> object:
    found.expect(isinstance(complete, bool), ("complete",), "bool_type", "must be true or false")
    return complete


def _accept_priority(found: Violations, priority: object) -> object:
    found.expect(isinstance(priority, Priority), ("priority",), "priority_type", "must be low, medium or high")
    return priority


def _accept_project(found: Violations, project_id: object) -> object:
    holds = project_id is None or isinstance(project_id, Ref) or (type(project_id) is int and 1 <= project_id <= MAX_ID)
    found.expect(holds, ("project_id",), "project_id_type", f"must be an id, 1 to {MAX_ID}, or null")
    return project_id


def _accept_due_or_patch(found: Violations, due: object) -> Due | DuePatch | None:
    if not isinstance(due, DuePatch):
        return accept_due(found, due)
    check_parts(found, due.named_parts())
    return due


def _accept_recurrence_or_patch(found: Violations, recurrence: object) -> RecurrenceDraft | RecurrencePatch | None:
    if not isinstance(recurrence, RecurrencePatch):
        return accept_recurrence(found, recurrence)
    return replace(recurrence, **accept_parts(found, recurrence.named_parts()))


def accept_tags(found: Violations, tags: object, field: str = "tags") -> tuple[str, ...]:
    """Return the tags, trimmed, without tags that are equal to an earlier one under `fold`."""
    if not isinstance(tags, tuple | list):
        found.add((field,), "tags_type", "must be a list of tags")
        return ()
    if len(tags) > MAX_TAGS:
        found.add((field,), "too_many_tags", f"must have at most {MAX_TAGS} tags")
        return ()
    accepted: dict[str, str] = {}
    for position, tag in enumerate(tags):
        trimmed = found.single_line((field, position), tag, MAX_TAG_LENGTH)
        accepted.setdefault(fold(trimmed), trimmed)
    return tuple(accepted.values())


_Accept = Mapping[str, Callable[[Violations, object], object]]
_ACCEPT: _Accept = {
    "title": _accept_title,
    "description": _accept_description,
    "complete": _accept_complete,
    "priority": _accept_priority,
    "due": accept_due,
    "recurrence": accept_recurrence,
    "tags": accept_tags,
    "checklist": accept_checklist,
    "project_id": _accept_project,
}
_ACCEPT_PATCH: _Accept = {**_ACCEPT, "due": _accept_due_or_patch, "recurrence": _accept_recurrence_or_patch}


def _accept_fields(
    found: Violations, target: TaskDraft | TaskPatch, fields: Mapping[str, object], accept: _Accept
) -> None:
    """Normalize these fields of a frozen target, and add their violations to `found`."""
    for name, given in fields.items():
        accepted = accept[name](found, given)
        if accepted is not given:
            object.__setattr__(target, name, accepted)
