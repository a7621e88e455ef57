"""When a task is due: a day, perhaps a time on the clock, perhaps where that clock hangs."""

import datetime as dt
from dataclasses import dataclass
from functools import cache
from typing import Self
from zoneinfo import available_timezones

from todo_domain.rules import Violations

# Later than any time of the day: a day without a time is open until it ends.
_OPEN_END = "24:00"


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


@dataclass(frozen=True, slots=True)
class Due:
    """A day, with an optional wall-clock time in whole minutes and an optional IANA time zone.

    What was said is what is kept: nothing is converted, so a time zone's change of
    rules does not move a task. A time zone needs a time. The zone's name is checked
    when a draft or a patch brings it, not here, so that what was stored under an
    older time zone database stays readable.
    """

    date: dt.date
    time: dt.time | None = None
    timezone: str | None = None

    @property
    def sort_key(self) -> str:
        """Text whose code point order is the order of due tasks: by day, then time, the open end last."""
        return f"{self.date.isoformat()}T{self.time.isoformat('minutes') if self.time else _OPEN_END}"

    @classmethod
    def from_sort_key(cls, key: str, timezone: str | None) -> Self:
        """Read back what `sort_key` wrote; the zone is no part of the order."""
        day, _, clock = key.partition("T")
        return cls(
            dt.date.fromisoformat(day),
            None if clock == _OPEN_END else dt.time.fromisoformat(clock),
            timezone,
        )


def first_key_of(day: dt.date) -> str:
    """Return a key that no due of that day precedes."""
    return f"{day.isoformat()}T"


def last_key_of(day: dt.date) -> str:
    """Return a key that no due of that day follows."""
    return f"{day.isoformat()}T{_OPEN_END}"


def accept_due(found: Violations, due: object) -> Due | None:
    """Return the due of a draft or a patch, noting what is wrong with it."""
    if due is None:
        return None
    if not isinstance(due, Due):
        found.add(("due",), "due_type", "must be a due or nothing")
        return None
    if due.time is not None and (due.time.second or due.time.microsecond or due.time.tzinfo):
        found.add(("due", "time"), "due_time", "must be a wall-clock time in whole minutes")
    if due.timezone is not None and due.time is None:
        found.add(("due", "timezone"), "due_timezone", "needs a time")
    elif due.timezone is not None and due.timezone not in _time_zones():
        found.add(("due", "timezone"), "due_timezone", "must be the name of an IANA time zone")
    return due
