"""The occurrences of rules are those that dateutil finds.

The differences are deliberate, and each has a test here:

- Weekdays with and without a number in one BYDAY: dateutil takes the days that are in both lists, RFC 5545
  those that are in one of them. `rule_texts` has no such rule.
- A number of BYDAY above 5 within a month: dateutil may raise IndexError. `rule_texts` has no such rule.
"""

import datetime as dt
from datetime import date
from itertools import islice, takewhile
from types import SimpleNamespace

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.domain.strategies import rule_texts
from todo_domain.recurrence import occurrences, parse_rule

YEARS = 4
MOST = 25

starts = st.dates(date(1995, 1, 1), date(2030, 1, 1)) | st.dates()


def found_by_dateutil(text: str, start: date, last: date) -> list[date]:
    """Return the first occurrences until a day at the end of a year."""
    with pytest.MonkeyPatch.context() as patch:
        # Without this last year, dateutil searches the years to 9999.
        patch.setattr("dateutil.rrule.datetime", SimpleNamespace(**{**vars(dt), "MAXYEAR": last.year}))
        rule = rrulestr(text, dtstart=dt.datetime.combine(start, dt.time()))
        return list(takewhile(last.__ge__, (moment.date() for moment in islice(rule, MOST))))


@settings(max_examples=max(settings().max_examples, 500))
@given(rule_texts, st.lists(starts, min_size=4, max_size=4))
def test_the_occurrences_of_a_rule_are_those_that_dateutil_finds(text: str, anchors: list[date]) -> None:
    rule = parse_rule(text)

    for anchor in anchors:
        last = date(min(anchor.year + YEARS, dt.MAXYEAR), 12, 31)
        found = list(takewhile(last.__ge__, islice(occurrences(rule, anchor), MOST)))

        assert found == found_by_dateutil(text, anchor, last), (text, anchor)


def test_weekdays_with_and_without_a_number_are_united() -> None:
    text, start, last = "FREQ=MONTHLY;BYDAY=MO,1TU", date(2026, 12, 1), date(2026, 12, 31)

    found = takewhile(last.__ge__, occurrences(parse_rule(text), start))

    assert [day.day for day in found] == [1, 7, 14, 21, 28]
    assert found_by_dateutil(text, start, last) == []


def test_a_weekday_with_a_number_above_five_is_in_no_month() -> None:
    text, start = "FREQ=MONTHLY;BYDAY=53MO", date(2026, 12, 1)

    assert list(occurrences(parse_rule(text), start)) == []
    with pytest.raises(IndexError):
        found_by_dateutil(text, start, date(2026, 12, 31))
