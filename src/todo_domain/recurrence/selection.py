"""Which days of a month a recurrence rule selects."""

import datetime as dt
from calendar import isleap, monthrange
from collections.abc import Iterable
from dataclasses import replace
from itertools import chain

from todo_domain.recurrence.rule import Frequency, RecurrenceRule, WeekdayNum


def with_defaults(rule: RecurrenceRule, anchor: dt.date) -> RecurrenceRule:
    """Return the rule with the parts that it takes from the anchor (RFC 5545 §3.3.10)."""
    if rule.by_day or rule.by_month_day or rule.frequency is Frequency.DAILY:
        return rule
    if rule.frequency is Frequency.WEEKLY:
        return replace(rule, by_day=(WeekdayNum(0, anchor.weekday()),))
    by_month = (anchor.month,) if rule.frequency is Frequency.YEARLY else ()
    return replace(rule, by_month_day=(anchor.day,), by_month=rule.by_month or by_month)


class Selection:
    """Selects days by BYMONTHDAY and BYDAY, and by the INTERVAL of DAILY and WEEKLY.

    A day is its proleptic Gregorian ordinal, as in `date.toordinal()`. Day 1 is a Monday.
    """

    def __init__(self, rule: RecurrenceRule, anchor: dt.date) -> None:
        self._rule = rule
        self._anchor = anchor.toordinal()
        self._ordinals: dict[int, set[int]] = {}
        for ordinal, weekday in rule.by_day:
            self._ordinals.setdefault(weekday, set()).add(ordinal)

    def days_of(self, year: int, month: int) -> list[int]:
        """Return the days of a month that the rule selects, in order."""
        length = monthrange(year, month)[1]
        eve = dt.date(year, month, 1).toordinal() - 1
        days = self._in_phase(eve + 1, eve + length)
        if chosen := self._rule.by_month_day:
            days = [day for day in days if day - eve in chosen or day - eve - length - 1 in chosen]
        if not self._ordinals:
            return list(days)
        # The ordinals of BYDAY count within the month, or within the year (RFC 5545 §3.3.10, BYDAY).
        if self._rule.frequency is Frequency.YEARLY and not self._rule.by_month:
            eve, length = dt.date(year, 1, 1).toordinal() - 1, 365 + isleap(year)
        return [day for day in days if self._has_weekday(day, day - eve, length)]

    def _in_phase(self, first: int, last: int) -> Iterable[int]:
        """Return the days that INTERVAL selects from `first` to `last`, both included."""
        interval = self._rule.interval
        if self._rule.frequency is Frequency.DAILY:
            return range(first + (self._anchor - first) % interval, last + 1, interval)
        if self._rule.frequency is Frequency.WEEKLY and interval > 1:
            # A week begins on the day of WKST. Weeks are numbered from the one of day 1, or the one before it.
            shift = 1 + self._rule.week_start
            week, week_of_anchor = (first - shift) // 7, (self._anchor - shift) // 7
            weeks = range(week + (week_of_anchor - week) % interval, (last - shift) // 7 + 1, interval)
            starts = (each * 7 + shift for each in weeks)
            return chain.from_iterable(range(max(first, start), min(last + 1, start + 7)) for start in starts)
        return range(first, last + 1)

    def _has_weekday(self, day: int, place: int, size: int) -> bool:
        """Return whether BYDAY selects a day at a place, from 1 on, in a month or year of this size."""
        ordinals = self._ordinals.get((day - 1) % 7)
        return ordinals is not None and (
            0 in ordinals or (place + 6) // 7 in ordinals or -((size - place) // 7 + 1) in ordinals
        )
