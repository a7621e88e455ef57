"""How a task recurs: its rule, and what the days of the rule are counted from."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice, takewhile
from typing import Any, Final, Self

from todo_domain.due import Due
from todo_domain.recurrence.occurrences import occurrences
from todo_domain.recurrence.parsing import RULE_FIELD, accept_rule, parse_rule
from todo_domain.recurrence.rule import RecurrenceRule
from todo_domain.rules import Violations

_NEVER: Final = "must have an occurrence in the 40 years from the day of the due on"


class CountedFrom(StrEnum):
    """What the next due of a recurring task is counted from; the API names this `from`."""

    DUE = "due"
    COMPLETION = "completion"


@dataclass(frozen=True, slots=True)
class Recurrence:
    """How a task recurs.

    - rule: its COUNT includes the occurrence of this task
    - counted_from: DUE keeps to the days of the rule, also when a task is completed late;
      COMPLETION begins anew on the day on which the task is completed
    - anchor: the day of this task's occurrence, which its due had when the task was
      created, became due again or got its rule. A moved due does not move the anchor, so
      that INTERVAL and BYSETPOS keep their phase. A client can't set it.

    The constructor does not check its arguments, so that adapters can restore stored
    values. The values of a caller come as a RecurrenceDraft.
    """

    rule: RecurrenceRule
    counted_from: CountedFrom
    anchor: dt.date

    @property
    def draft(self) -> "RecurrenceDraft":
        """The draft of this recurrence: what a caller gives, in canonical form."""
        return RecurrenceDraft(str(self.rule), self.counted_from)

    def next_due(self, due: Due, completed_on: dt.date) -> tuple[Due, Self] | None:
        """Return the due and the recurrence of the next task, or None if the series ends.

        Counted from the due, the next day is the first occurrence after this one, the due
        and the day of completion; what it skips also counts for COUNT. Counted from the
        completion, it is the first occurrence after that day, of the rule anchored there.
        The due keeps its time and its time zone.
        """
        days, remaining = self._following(due, completed_on)
        for day in days:
            rule = replace(self.rule, count=remaining)
            return replace(due, date=day), replace(self, rule=rule, anchor=day)
        return None

    def preview(self, due: Due, limit: int) -> tuple[dt.date, ...]:
        """Return up to `limit` days after the due, as if every task were completed on the day of its due."""
        days, _ = self._following(due, due.date)
        return tuple(islice(days, limit))

    def _following(self, due: Due, completed_on: dt.date) -> tuple[Iterator[dt.date], int | None]:
        """Return the days of the next tasks, and how many there are if the rule has COUNT.

        COUNT counts the occurrences of the first 40 years from the anchor on.
        """
        if self.counted_from is CountedFrom.DUE:
            anchor = self.anchor
            past = after = max(anchor, due.date, completed_on)
        else:
            anchor = after = completed_on
            past = self.anchor
        remaining = self.rule.count
        if remaining is not None:
            remaining -= sum(1 for _ in takewhile(past.__ge__, occurrences(self.rule, self.anchor)))
        return islice(occurrences(replace(self.rule, count=None), anchor, after), remaining), remaining


@dataclass(frozen=True, slots=True)
class RecurrenceDraft:
    """How a caller wants a task to recur.

    `rule` is a text for `parse_rule`. It is checked in drafts and patches of tasks, not
    here.
    """

    rule: str
    counted_from: CountedFrom = CountedFrom.DUE

    def anchored(self, day: dt.date) -> Recurrence:
        """Return the recurrence of a task that is due on this day.

        Raises RuleViolated for a faulty rule, and for one without an occurrence in the 40
        years from that day on.
        """
        recurrence = Recurrence(parse_rule(self.rule), self.counted_from, day)
        found = Violations()
        check_occurrence(found, self, day)
        found.raise_if_any()
        return recurrence


def accept_recurrence(found: Violations, recurrence: object) -> RecurrenceDraft | None:
    """Return the recurrence of a draft or a patch, its rule in canonical form, and add its violations to `found`."""
    if recurrence is None:
        return None
    if not isinstance(recurrence, RecurrenceDraft):
        found.add(RULE_FIELD[:1], "recurrence_type", "must be a rule, and what it is counted from")
        return None
    parts = {"rule": recurrence.rule, "counted_from": recurrence.counted_from}
    return replace(recurrence, **accept_parts(found, parts))


def accept_parts(found: Violations, parts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return these parts of a recurrence, the rule in canonical form, and add their violations to `found`."""
    if "rule" in parts and (rule := accept_rule(found, parts["rule"])):
        parts = {**parts, "rule": str(rule)}
    if "counted_from" in parts:
        is_known = isinstance(parts["counted_from"], CountedFrom)
        found.expect(is_known, ("recurrence", "from"), "recurrence_from", "must be due or completion")
    return parts


def check_occurrence(found: Violations, recurrence: RecurrenceDraft, day: dt.date) -> None:
    """Add a violation if the rule has no occurrence in the 40 years from that day on; ignore a faulty rule."""
    rule = accept_rule(Violations(), recurrence.rule)
    occurs = rule is None or next(occurrences(rule, day), None) is not None
    found.expect(occurs, RULE_FIELD, "recurrence_never", _NEVER)
