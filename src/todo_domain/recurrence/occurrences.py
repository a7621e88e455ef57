"""The days on which a recurrence rule occurs."""

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from todo_domain.recurrence.rule import Frequency, RecurrenceRule
from todo_domain.recurrence.selection import Selection, with_defaults

WINDOW_DAYS: Final = 14_610
"""40 years: a search for occurrences ends after as many days."""


def occurrences(rule: RecurrenceRule, anchor: dt.date, after: dt.date | None = None) -> Iterator[dt.date]:
    """Yield the days on which the rule occurs, in order: from the anchor on, or only those after a day.

    The anchor is what DTSTART is in RFC 5545: it sets the phase of INTERVAL, and the
    values of parts that the rule leaves out. It is an occurrence only if the rule matches
    it, as in dateutil; RFC 5545 §3.8.5.3 leaves that case undefined. Days that don't
    exist, such as 30 February, are skipped (§3.3.10).

    Yields the occurrences of 40 years, and examines each month of them once at most. The
    40 years begin at the anchor if the rule has COUNT, otherwise after `after`.
    """
    first = anchor.toordinal() if after is None else max(anchor.toordinal(), after.toordinal() + 1)
    if rule.count is None:
        days = _days(rule, anchor, first)
    else:
        days = (day for day in islice(_days(rule, anchor, anchor.toordinal()), rule.count) if day >= first)
    return map(dt.date.fromordinal, days)


def _days(rule: RecurrenceRule, anchor: dt.date, first: int) -> Iterator[int]:
    """Yield the occurrences from `first` on, as ordinals, without regard to COUNT."""
    last = min(first + WINDOW_DAYS, (rule.until or dt.date.max).toordinal())
    if first > last:
        return
    rule = with_defaults(rule, anchor)
    selection = Selection(rule, anchor)
    for months in _periods(rule, anchor, first, last):
        days = [day for month in months for day in selection.days_of(month // 12, month % 12 + 1)]
        if rule.by_set_position:
            days = _at_positions(days, rule.by_set_position)
        yield from (day for day in days if first <= day <= last)


def _periods(rule: RecurrenceRule, anchor: dt.date, first: int, last: int) -> Iterator[Sequence[int]]:
    """Yield the months of each period that may have days from `first` to `last`; month 0 is January of year 0.

    For DAILY and WEEKLY this is every month: INTERVAL then selects days of it.
    """
    size = 12 if rule.frequency is Frequency.YEARLY else 1
    step = 1 if rule.frequency in (Frequency.DAILY, Frequency.WEEKLY) else size * rule.interval
    origin = _month_of(anchor) // size * size
    skipped = (_month_of(dt.date.fromordinal(first)) - origin) // step * step
    for start in range(origin + skipped, _month_of(dt.date.fromordinal(last)) + 1, step):
        months = range(start, start + size)
        yield [month for month in months if month % 12 + 1 in rule.by_month] if rule.by_month else months


def _month_of(day: dt.date) -> int:
    return day.year * 12 + day.month - 1


def _at_positions(days: Sequence[int], positions: Sequence[int]) -> list[int]:
    """Return the days at these positions; the first day is at 1, the last at -1 (RFC 5545 §3.3.10, BYSETPOS)."""
    indexes = {position - 1 if position > 0 else len(days) + position for position in positions}
    return [days[index] for index in sorted(indexes) if 0 <= index < len(days)]
