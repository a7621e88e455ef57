"""The forms of the fields of a task in their columns, for the fields that need a conversion."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import starmap
from typing import Any, Final

from todo_domain import ChecklistItem, CountedFrom, Due, Priority, Recurrence, parse_rule


@dataclass(frozen=True, slots=True)
class Form:
    """The conversion of a field to and from the value in its column."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def _write_due(due: Due | None) -> str | None:
    return None if due is None else f"{due.sort_key} {due.timezone or ''}".rstrip()


# Many rows have the same few values.
@lru_cache(maxsize=4096)
def _read_due(text: str | None) -> Due | None:
    if text is None:
        return None
    key, _, timezone = text.partition(" ")
    return Due.from_sort_key(key, timezone or None)


def _write_recurrence(recurrence: Recurrence | None) -> str | None:
    return None if recurrence is None else f"{recurrence.counted_from} {recurrence.anchor} {recurrence.rule}"


@lru_cache(maxsize=4096)
def _read_recurrence(text: str | None) -> Recurrence | None:
    if text is None:
        return None
    counted_from, anchor, rule = text.split(" ")
    return Recurrence(parse_rule(rule), CountedFrom(counted_from), date.fromisoformat(anchor))


def _read_tags(text: str) -> tuple[str, ...]:
    return tuple(text.split("\n")) if text else ()


def _write_checklist(items: Sequence[ChecklistItem]) -> str:
    pairs = [(item.title, item.complete) for item in items]
    return json.dumps(pairs, ensure_ascii=False) if pairs else ""


def _read_checklist(text: str) -> tuple[ChecklistItem, ...]:
    return tuple(starmap(ChecklistItem, json.loads(text))) if text else ()


def nullable(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a conversion that leaves None as it is."""
    return lambda value: None if value is None else convert(value)


_RECURRENCE: Final = Form(_write_recurrence, _read_recurrence)
FORMS: Final[Mapping[str, Form]] = {
    "priority": Form(int, {int(priority): priority for priority in Priority}.__getitem__),
    "due": Form(_write_due, _read_due),
    "recurrence": _RECURRENCE,
    "succeeds": _RECURRENCE,
    "tags": Form("\n".join, _read_tags),
    "checklist": Form(_write_checklist, _read_checklist),
}
