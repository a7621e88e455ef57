"""Values for every field of drafts, patches and queries, found by the types of the fields.

What the kit draws contains a new field without a change to the kit. A field of a type
that is not in `_VALUES` raises a TypeError that names it.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from enum import Enum
from types import NoneType
from typing import Any, Final, get_args, get_origin, get_type_hints

from todo_domain import (
    ChecklistItem,
    CountedFrom,
    Due,
    DuePatch,
    RecurrenceDraft,
    RecurrencePatch,
    RuleViolated,
    TaskDraft,
    TaskPatch,
    TaskQuery,
)

DAY: Final = dt.date(2026, 1, 1)
NEXT_DAY: Final = dt.date(2026, 1, 2)

_VALUES: Final[Mapping[type, tuple[Any, ...]]] = {
    NoneType: (None,),
    bool: (False, True),
    int: (0, 1, 2, 60, 1000, 100_000),
    str: ("a", "A", "ß", "", "\U00010428", "İ %\n"),
    dt.date: (DAY, NEXT_DAY),
    ChecklistItem: (ChecklistItem("a"), ChecklistItem("A ß", complete=True), ChecklistItem("\U00010428")),
    Due: (Due(DAY), Due(DAY, dt.time(9)), Due(NEXT_DAY, dt.time(0, 0), "Asia/Tokyo")),
    DuePatch: (DuePatch(time=dt.time(18)), DuePatch(date=NEXT_DAY, timezone="Asia/Tokyo"), DuePatch(time=None)),
    RecurrenceDraft: (
        RecurrenceDraft("FREQ=DAILY"),
        RecurrenceDraft("FREQ=WEEKLY;INTERVAL=2;COUNT=2", CountedFrom.COMPLETION),
    ),
    RecurrencePatch: (RecurrencePatch(rule="FREQ=DAILY;COUNT=3"), RecurrencePatch(counted_from=CountedFrom.COMPLETION)),
}


def _values(hint: Any) -> Iterator[Any]:
    """Return values of a type, most of them simple."""
    kind, parts = get_origin(hint), get_args(hint)
    if kind in (tuple, frozenset):
        few = list(_values(parts[0]))[:3]
        yield from (kind(), *(kind([each]) for each in few), kind(few))
    elif parts:
        for part in parts:
            yield from _values(part)
    elif hint in _VALUES:
        yield from _VALUES[hint]
    elif issubclass(hint, Enum):
        # The one of Absent means that a patch does not name the field.
        yield from (each for each in hint if each.name != "ABSENT")


def values_of(
    make: type[TaskDraft | TaskPatch | TaskQuery], *, but: frozenset[str] = frozenset(), **required: Any
) -> dict[str, list[Any]]:
    """Return, for each field that is not in `but`, the values that are valid; raise TypeError if there are none."""
    hints = get_type_hints(make)
    values = {}
    for name, field in make.__dataclass_fields__.items():
        if field.init and name not in but:
            values[name] = [value for value in _values(hints[name]) if _is_accepted(make, {**required, name: value})]
            if all(value == field.default for value in values[name]):
                raise TypeError(f"no value for {make.__name__}.{name}, of type {hints[name]}")
    return values


def _is_accepted(make: type[TaskDraft | TaskPatch | TaskQuery], named: dict[str, Any]) -> bool:
    try:
        make(**named)
    except RuleViolated:
        return False
    return True


def draft_with(name: str, value: Any) -> TaskDraft:
    """Return a draft with this value. If it has a recurrence, it also has a due."""
    named = {"title": "x", "due": Due(DAY)} if name == "recurrence" and value else {"title": "x"}
    return TaskDraft(**{**named, name: value})


DRAFT_VALUES: Final = values_of(TaskDraft, title="a", due=Due(DAY))
PATCH_VALUES: Final = values_of(TaskPatch)
CONDITION_VALUES: Final = values_of(TaskQuery, but=frozenset({"sort", "descending", "limit", "cursor"}))
_FIELDS: Final = TaskDraft.__dataclass_fields__
EVERY_FIELD: Final = TaskDraft(
    **{
        name: [value for value in values if value != _FIELDS[name].default][-1]
        for name, values in DRAFT_VALUES.items()
        if name != "complete"
    }
)
"""A draft with a value that is not the default for every field except `complete`, because it has a recurrence."""
