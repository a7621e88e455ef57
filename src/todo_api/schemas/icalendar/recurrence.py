"""How RRULE says the recurrence of a task, if it can say it exactly."""

import datetime as dt
from dataclasses import replace
from typing import Final, NamedTuple

from todo_domain import Due
from todo_domain.recurrence import CountedFrom, Recurrence, RecurrenceRule, occurrences

MAX_MOVED: Final = dt.timedelta(days=366)
"""A due that was moved further away from its anchor has no RRULE, because finding its start would take too long."""


class Series(NamedTuple):
    """A rule, and the occurrence with which it starts (DTSTART)."""

    start: dt.date
    rule: RecurrenceRule


def series_of(recurrence: Recurrence, due: Due) -> Series | None:
    """Return the series whose first occurrence is this due, moved or not, or None if RRULE can't say it exactly.

    The start is the anchor. If the due was moved past further occurrences, which are then skipped, it is the last
    of them: the days after an occurrence are the same whether they are counted from it or from the anchor.

    RRULE can't count from the completion. For an anchor that the rule does not match, RFC 5545 §3.8.5.3 leaves the
    occurrences undefined.
    """
    anchor, rule = recurrence.anchor, recurrence.rule
    if recurrence.counted_from is not CountedFrom.DUE or due.date - anchor > MAX_MOVED:
        return None
    last = max(anchor, due.date)
    days = list(occurrences(replace(rule, until=min(rule.until or last, last)), anchor))
    if not days or days[0] != anchor:
        return None
    return Series(days[-1], replace(rule, count=rule.count and rule.count - len(days) + 1))


def note(recurrence: Recurrence) -> str:
    """Return a comment with the rule of a recurrence that has no RRULE."""
    counted = ", counted from the day of completion" if recurrence.counted_from is CountedFrom.COMPLETION else ""
    return f"Repeats by {recurrence.rule}{counted}"
