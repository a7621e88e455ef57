"""When a task is due: a day, optionally a wall-clock time, optionally the time zone of that time."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from todo_domain.rules import Violations

# Sorts after every time of the day: a task without a time is due at the end of the day.
_OPEN_END = "24:00"


@cache
def _time_zones() -> frozenset[str]:
    # On some systems `localtime` is the system's own zone, which differs between machines.
    return frozenset(available_timezones() - {"localtime"})


@dataclass(frozen=True, slots=True)
class Due:
    """A day, with an optional wall-clock time in whole minutes and an optional IANA time zone.

    Values are stored as given, without conversion, so a change of a time zone's rules
    does not move a task. A time zone needs a time. Its name is checked in drafts and
    patches, not here, so that tasks stay readable if a later time zone database drops
    the name. Valid names are those of the system's database and of the package
    `tzdata`, if it is installed.
    """

    date: dt.date
    time: dt.time | None = None
    timezone: str | None = None

    @property
    def sort_key(self) -> str:
        """Text that sorts by day, then by time; a day without a time comes last."""
        clock = _OPEN_END if self.time is None else f"{self.time.hour:02}:{self.time.minute:02}"
        return f"{self.date.isoformat()}T{clock}"

    @classmethod
    def from_sort_key(cls, key: str, timezone: str | None) -> Self:
        """Convert a `sort_key` back. The time zone is separate, because it does not affect the order."""
        day, _, clock = key.partition("T")
        return cls(
            dt.date.fromisoformat(day),
            None if clock == _OPEN_END else dt.time.fromisoformat(clock),
            timezone,
        )

    def day_at(self, moment: dt.datetime) -> dt.date:
        """Return which day it is at a moment, in the time zone of the due.

        It is the day in UTC if the due has no time zone, if the time zone database no
        longer has it, or if the day there is outside Python's calendar.
        """
        utc = moment.astimezone(dt.UTC)
        try:
            return utc.astimezone(ZoneInfo(self.timezone)).date() if self.timezone else utc.date()
        except (ZoneInfoNotFoundError, OverflowError):
            return utc.date()


def first_key_of(day: dt.date) -> str:
    """Return a key that is not after any sort key of that day."""
    return f"{day.isoformat()}T"


def last_key_of(day: dt.date) -> str:
    """Return a key that is not before any sort key of that day."""
    return f"{day.isoformat()}T{_OPEN_END}"


def is_day(value: object) -> bool:
    """Return whether a value is a day. A datetime is not, although Python makes it a subclass of date."""
    return isinstance(value, dt.date) and not isinstance(value, dt.datetime)


def accept_due(found: Violations, due: object) -> Due | None:
    """Return the due of a draft or a patch, and add its violations to `found`."""
    if due is None:
        return None
    if not isinstance(due, Due):
        found.add(("due",), "due_type", "must be a day, with or without a time and a time zone")
        return None
    check_parts(found, {"date": due.date, "time": due.time, "timezone": due.timezone})
    check_zone(found, due)
    return due


def check_parts(found: Violations, parts: Mapping[str, object]) -> None:
    """Add the violations of each part of a due, checked separately."""
    for name, value in parts.items():
        holds, message = _PARTS[name]
        if not holds(value):
            found.add(("due", name), f"due_{name}", message)


def check_zone(found: Violations, due: Due) -> None:
    """Add a violation for a time zone without a time."""
    found.expect(due.timezone is None or due.time is not None, ("due", "timezone"), "due_timezone", "needs a time")


def _is_whole_minute_or_none(value: object) -> bool:
    return value is None or (isinstance(value, dt.time) and not (value.second or value.microsecond or value.tzinfo))


def _is_known_zone_or_none(value: object) -> bool:
    return value is None or (isinstance(value, str) and value in _time_zones())


_PARTS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "date": (is_day, "must be a day, such as 2026-12-01"),
    "time": (_is_whole_minute_or_none, "must be a time of the day, such as 17:00"),
    "timezone": (_is_known_zone_or_none, "must be the name of an IANA time zone"),
}
