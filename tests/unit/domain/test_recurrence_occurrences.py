from calendar import monthrange
from datetime import date, timedelta
from itertools import islice, takewhile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.strategies import rule_texts
from todo_domain.recurrence import occurrences, parse_rule
from todo_domain.recurrence.occurrences import WINDOW_DAYS

YEARS = 40
MONTHS = 12 * (YEARS + 1)


def days(text: str, anchor: str, count: int, after: str | None = None) -> list[str]:
    found = occurrences(parse_rule(text), date.fromisoformat(anchor), date.fromisoformat(after) if after else None)
    return [day.isoformat() for day in islice(found, count)]


@pytest.mark.parametrize(
    ("text", "anchor", "expected"),
    [
        ("FREQ=MONTHLY;COUNT=4;BYDAY=1FR", "1997-09-05", "1997-09-05 1997-10-03 1997-11-07 1997-12-05"),
        ("FREQ=MONTHLY;INTERVAL=2;COUNT=4;BYDAY=1SU,-1SU", "1997-09-07", "1997-09-07 1997-09-28 1997-11-02 1997-11-30"),
        ("FREQ=MONTHLY;COUNT=3;BYDAY=-2MO", "1997-09-22", "1997-09-22 1997-10-20 1997-11-17"),
        ("FREQ=MONTHLY;BYMONTHDAY=-3", "1997-09-28", "1997-09-28 1997-10-29 1997-11-28 1997-12-29"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,-1", "1997-09-30", "1997-09-30 1997-10-01 1997-10-31 1997-11-01"),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "1997-09-02", "1998-02-13 1998-03-13 1998-11-13 1999-08-13"),
        (
            "FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5",
            "2007-01-15",
            "2007-01-15 2007-01-30 2007-02-15 2007-03-15 2007-03-30",
        ),
        ("FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "1997-09-04", "1997-09-04 1997-10-07 1997-11-06"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2", "1997-09-29", "1997-09-29 1997-10-30 1997-11-27 1997-12-30"),
        ("FREQ=YEARLY;BYDAY=20MO", "1997-05-19", "1997-05-19 1998-05-18 1999-05-17"),
        ("FREQ=YEARLY;BYMONTH=3;BYDAY=TH", "1997-03-13", "1997-03-13 1997-03-20 1997-03-27 1998-03-05"),
        ("FREQ=YEARLY;INTERVAL=2;BYMONTH=1,2,3;COUNT=4", "1997-03-10", "1997-03-10 1999-01-10 1999-02-10 1999-03-10"),
        (
            "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
            "1996-11-05",
            "1996-11-05 2000-11-07 2004-11-02",
        ),
        (
            "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO",
            "1997-08-05",
            "1997-08-05 1997-08-10 1997-08-19 1997-08-24",
        ),
        (
            "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU",
            "1997-08-05",
            "1997-08-05 1997-08-17 1997-08-19 1997-08-31",
        ),
        ("FREQ=DAILY;BYMONTH=1;UNTIL=19980102", "1997-12-05", "1998-01-01 1998-01-02"),
    ],
)
def test_the_examples_of_rfc_5545_occur_on_the_days_that_it_states(text: str, anchor: str, expected: str) -> None:
    assert days(text, anchor, len(expected.split())) == expected.split()


@pytest.mark.parametrize(
    ("text", "anchor", "expected"),
    [
        ("FREQ=DAILY;INTERVAL=3", "2026-12-30", "2026-12-30 2027-01-02"),
        ("FREQ=WEEKLY", "2026-12-02", "2026-12-02 2026-12-09"),
        ("FREQ=WEEKLY;BYMONTH=1", "2026-12-02", "2027-01-06 2027-01-13"),
        ("FREQ=MONTHLY", "2026-12-15", "2026-12-15 2027-01-15"),
        ("FREQ=MONTHLY;BYMONTH=3", "2026-12-15", "2027-03-15 2028-03-15"),
        ("FREQ=YEARLY", "2026-12-15", "2026-12-15 2027-12-15"),
        ("FREQ=YEARLY;BYMONTH=3,5", "2026-12-15", "2027-03-15 2027-05-15"),
        ("FREQ=YEARLY;BYMONTHDAY=15", "2026-11-20", "2026-12-15 2027-01-15"),
    ],
)
def test_parts_that_a_rule_leaves_out_are_those_of_the_anchor(text: str, anchor: str, expected: str) -> None:
    assert days(text, anchor, 2) == expected.split()


@pytest.mark.parametrize(
    ("text", "anchor", "expected"),
    [
        ("FREQ=MONTHLY", "2027-01-31", "2027-01-31 2027-03-31 2027-05-31"),
        ("FREQ=YEARLY", "2028-02-29", "2028-02-29 2032-02-29 2036-02-29"),
        ("FREQ=YEARLY", "2096-02-29", "2096-02-29 2104-02-29 2108-02-29"),
        ("FREQ=MONTHLY;BYDAY=5FR", "2027-01-01", "2027-01-29 2027-04-30 2027-07-30"),
    ],
)
def test_days_that_do_not_exist_are_skipped(text: str, anchor: str, expected: str) -> None:
    assert days(text, anchor, 3) == expected.split()


def test_the_31st_or_the_last_day_is_the_last_of_four_days() -> None:
    found = days("FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", "2028-01-31", 4)

    assert found == ["2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"]


def test_an_anchor_that_the_rule_does_not_match_is_not_an_occurrence() -> None:
    assert days("FREQ=WEEKLY;BYDAY=MO;COUNT=2", "2026-12-02", 9) == ["2026-12-07", "2026-12-14"]


def test_positions_count_all_days_of_the_period_of_the_anchor() -> None:
    assert days("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1", "2026-12-08", 1) == ["2027-01-04"]


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTH=4;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYDAY=6MO",
        "FREQ=MONTHLY;BYDAY=1MO;BYMONTHDAY=8",
        "FREQ=MONTHLY;BYMONTHDAY=1;BYSETPOS=2",
        "FREQ=DAILY;UNTIL=20261130",
    ],
)
def test_a_rule_may_have_no_occurrence(text: str) -> None:
    assert days(text, "2026-12-01", 1) == []


def test_occurrences_are_those_of_forty_years() -> None:
    leap_day = "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=TU"

    assert days("FREQ=YEARLY", "2026-12-01", 99)[-1] == "2066-12-01"
    assert days("FREQ=YEARLY;COUNT=99", "2026-12-01", 99)[-1] == "2066-12-01"
    assert days("FREQ=YEARLY;INTERVAL=41", "2026-12-01", 99) == ["2026-12-01"]
    # 2100 has no leap day, so this one needs the most years to be on the same weekday again.
    assert days(leap_day, "2084-02-29", 2) == ["2084-02-29", "2124-02-29"]


anchors = st.dates(date(1995, 1, 1), date(2030, 1, 1))


@given(rule_texts, anchors, st.integers(-400, 4_000))
def test_occurrences_after_a_day_are_the_later_ones_of_all(text: str, anchor: date, distance: int) -> None:
    rule, after = parse_rule(text), anchor + timedelta(distance)
    first = list(islice(occurrences(rule, anchor), 50))
    last = first[-1] if len(first) == 50 else anchor + timedelta(WINDOW_DAYS)

    later = takewhile(last.__ge__, occurrences(rule, anchor, after))

    assert list(later) == [day for day in first if day > after]


@given(rule_texts.filter(lambda text: "COUNT" not in text), anchors)
def test_a_rule_anchored_at_one_of_its_occurrences_has_the_same_later_ones(text: str, anchor: date) -> None:
    rule = parse_rule(text)
    first = list(islice(occurrences(rule, anchor), 12))

    for number, day in enumerate(first):
        later = takewhile(first[-1].__ge__, occurrences(rule, day))

        assert list(later) == first[number:]


@given(rule_texts, st.dates(date(9990, 1, 1)))
def test_the_end_of_the_calendar_ends_a_series(text: str, anchor: date) -> None:
    rule = parse_rule(text)

    assert all(anchor <= day for day in occurrences(rule, anchor))
    assert list(occurrences(rule, anchor, date.max)) == []


@given(rule_texts, st.dates(max_value=date(1, 12, 31)))
def test_the_beginning_of_the_calendar_begins_a_series(text: str, anchor: date) -> None:
    assert all(anchor <= day for day in islice(occurrences(parse_rule(text), anchor), 20))


@pytest.fixture
def examined(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The months that were examined."""
    months: list[tuple[int, int]] = []

    def noted(year: int, month: int) -> tuple[int, int]:
        months.append((year, month))
        return monthrange(year, month)

    monkeypatch.setattr("todo_domain.recurrence.selection.monthrange", noted)
    return months


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;INTERVAL=999;BYMONTHDAY=31;BYMONTH=4,6",
        "FREQ=WEEKLY;BYDAY=MO;INTERVAL=999",
        "FREQ=MONTHLY;BYDAY=6MO",
        "FREQ=YEARLY;BYDAY=53MO;BYMONTHDAY=15",
        "FREQ=YEARLY;BYDAY=MO;BYSETPOS=300",
        "FREQ=MONTHLY;BYDAY=6MO;COUNT=999",
        "FREQ=DAILY;BYDAY=MO;COUNT=999",
    ],
)
def test_each_month_of_forty_years_is_examined_once_at_most(examined: list[Any], text: str) -> None:
    for _ in occurrences(parse_rule(text), date(1990, 6, 15), date(2026, 12, 1)):
        pass

    assert len(examined) == len(set(examined)) <= MONTHS


@pytest.mark.parametrize("text", ["FREQ=DAILY;INTERVAL=7", "FREQ=WEEKLY;BYDAY=FR", "FREQ=MONTHLY", "FREQ=YEARLY"])
def test_the_search_begins_in_the_month_of_the_day(examined: list[Any], text: str) -> None:
    assert next(occurrences(parse_rule(text), date(1987, 12, 4), date(2026, 12, 1))) == date(2026, 12, 4)
    assert examined == [(2026, 12)]


def test_months_between_two_periods_are_not_examined(examined: list[Any]) -> None:
    assert days("FREQ=MONTHLY;INTERVAL=100", "2026-12-01", 3) == ["2026-12-01", "2035-04-01", "2043-08-01"]
    assert len(examined) == 3


def test_counted_occurrences_are_searched_no_further_than_the_last(examined: list[Any]) -> None:
    assert days("FREQ=DAILY;COUNT=999", "1990-01-01", 1, "2026-12-01") == []
    assert len(examined) == 33
