"""How tasks recur: rules in a subset of RFC 5545, and the days on which they occur."""

from todo_domain.recurrence.occurrences import occurrences
from todo_domain.recurrence.parsing import parse_rule
from todo_domain.recurrence.rule import Frequency, RecurrenceRule, WeekdayNum
from todo_domain.recurrence.series import CountedFrom, Recurrence, RecurrenceDraft, accept_recurrence

__all__ = [
    "CountedFrom",
    "Frequency",
    "Recurrence",
    "RecurrenceDraft",
    "RecurrenceRule",
    "WeekdayNum",
    "accept_recurrence",
    "occurrences",
    "parse_rule",
]
