"""A recurrence rule: the subset of RFC 5545's RRULE that tasks support."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
"""The names of the weekdays (RFC 5545 §3.3.10, `weekday`), in the order of `date.weekday()`."""

MONDAY: Final = 0


class Frequency(StrEnum):
    """The period of a rule (RFC 5545 §3.3.10, `FREQ`)."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


class WeekdayNum(NamedTuple):
    """One value of BYDAY (RFC 5545 §3.3.10, `weekdaynum`).

    - ordinal: 0 for every such weekday, 1 for the first one of the month or year, -1 for
      the last one
    - weekday: 0 for Monday to 6 for Sunday, as in `date.weekday()`
    """

    ordinal: int
    weekday: int

    def __str__(self) -> str:
        return f"{self.ordinal or ''}{WEEKDAYS[self.weekday]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurrenceRule:
    """On which days a task recurs: the subset of RFC 5545's RRULE (§3.3.10) that has no times.

    - frequency, interval: every `interval`-th day, week, month or year
    - week_start: the weekday with which weeks begin; it matters for WEEKLY with an interval
    - by_month, by_month_day, by_day: the days within the period. -1 is the last day of the
      month. An ordinal of `by_day` counts within the month, or within the year if the
      frequency is YEARLY and there is no `by_month`
    - by_set_position: which days of each period count; -1 is the last one
    - count, until: how many occurrences there are, or the last day on which one may be

    `parse_rule` checks the text of a rule. The constructor does not check its arguments. `str`
    returns the canonical text: rules are equal if their texts are equal.
    """

    frequency: Frequency
    interval: int = 1
    week_start: int = MONDAY
    by_month: tuple[int, ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_day: tuple[WeekdayNum, ...] = ()
    by_set_position: tuple[int, ...] = ()
    count: int | None = None
    until: dt.date | None = None

    def __str__(self) -> str:
        return ";".join(f"{name}={value}" for name, value in self._parts())

    def _parts(self) -> Iterator[tuple[str, object]]:
        """Yield the parts of the canonical text: first the period, then the days, then the end."""
        yield "FREQ", self.frequency.value
        if self.interval != 1:
            yield "INTERVAL", self.interval
        if self.week_start != MONDAY:
            yield "WKST", WEEKDAYS[self.week_start]
        lists = {
            "BYMONTH": self.by_month,
            "BYMONTHDAY": self.by_month_day,
            "BYDAY": self.by_day,
            "BYSETPOS": self.by_set_position,
        }
        for name, values in lists.items():
            if values:
                yield name, ",".join(map(str, values))
        if self.count is not None:
            yield "COUNT", self.count
        if self.until is not None:
            yield "UNTIL", self.until.isoformat().replace("-", "")
