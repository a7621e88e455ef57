from datetime import date, time, timedelta
from itertools import islice
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.domain.strategies import dues, rule_texts
from todo_domain import CountedFrom, Due, Recurrence, RecurrenceDraft, RuleViolated, parse_rule
from todo_domain.recurrence import accept_recurrence, occurrences
from todo_domain.rules import Violations

DUE, COMPLETION = CountedFrom.DUE, CountedFrom.COMPLETION

anchors = st.dates(date(1995, 1, 1), date(2030, 1, 1))
sides = st.sampled_from(CountedFrom)


def recurrence(rule: str, anchor: str, counted_from: CountedFrom = DUE) -> Recurrence:
    return RecurrenceDraft(rule, counted_from).anchored(date.fromisoformat(anchor))


def following(series: Recurrence, due: str, completed_on: str) -> Recurrence | None:
    """Return the recurrence of the next task, whose due is at its anchor."""
    found = series.next_due(Due(date.fromisoformat(due)), date.fromisoformat(completed_on))
    if found is None:
        return None
    next_due, next_recurrence = found
    assert next_due.date == next_recurrence.anchor
    return next_recurrence


def preview(series: Recurrence, due: str, limit: int = 3) -> list[str]:
    return [day.isoformat() for day in series.preview(Due(date.fromisoformat(due)), limit)]


@pytest.mark.parametrize(
    ("rule", "due", "completed_on", "expected"),
    [
        ("FREQ=DAILY", "2026-12-01", "2026-12-01", "2026-12-02"),
        ("FREQ=WEEKLY;BYDAY=MO,TH", "2026-12-03", "2026-12-03", "2026-12-07"),
        # Completed early, and late.
        ("FREQ=WEEKLY;BYDAY=MO,TH", "2026-12-03", "2026-11-29", "2026-12-07"),
        ("FREQ=WEEKLY;BYDAY=MO,TH", "2026-12-03", "2026-12-09", "2026-12-10"),
        ("FREQ=WEEKLY;BYDAY=MO,TH", "2026-12-03", "2026-12-10", "2026-12-14"),
        ("FREQ=WEEKLY;INTERVAL=2", "2026-12-01", "2026-12-09", "2026-12-15"),
        ("FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", "2027-01-31", "2027-02-01", "2027-02-28"),
        # The due of the first task need not be a day of the rule.
        ("FREQ=WEEKLY;BYDAY=MO", "2026-12-02", "2026-12-02", "2026-12-07"),
    ],
)
def test_counted_from_the_due_the_next_day_is_later_than_the_due_and_the_completion(
    rule: str, due: str, completed_on: str, expected: str
) -> None:
    assert following(recurrence(rule, due), due, completed_on) == recurrence(rule, expected)


@pytest.mark.parametrize(
    ("rule", "due", "completed_on", "expected"),
    [
        ("FREQ=DAILY;INTERVAL=3", "2026-12-10", "2026-12-12", "2026-12-15"),
        ("FREQ=DAILY;INTERVAL=3", "2026-12-10", "2026-12-01", "2026-12-04"),
        ("FREQ=MONTHLY", "2026-12-10", "2026-12-31", "2027-01-31"),
        ("FREQ=WEEKLY;BYDAY=MO", "2026-12-07", "2026-12-09", "2026-12-14"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "2026-12-07", "2026-12-16", "2026-12-28"),
    ],
)
def test_counted_from_the_completion_the_next_day_is_that_of_the_rule_anchored_there(
    rule: str, due: str, completed_on: str, expected: str
) -> None:
    assert following(recurrence(rule, due, COMPLETION), due, completed_on) == recurrence(rule, expected, COMPLETION)


@pytest.mark.parametrize(("due", "expected"), [("2026-12-09", "2026-12-21"), ("2026-12-04", "2026-12-21")])
def test_a_due_that_was_moved_does_not_move_the_later_ones(due: str, expected: str) -> None:
    every_other_monday = recurrence("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "2026-12-07")

    assert following(every_other_monday, due, due) == recurrence("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", expected)
    assert preview(every_other_monday, due, 1) == [expected]


@pytest.mark.parametrize("completed_on", ["2026-12-01", "2026-12-04"])
def test_a_due_that_was_moved_beyond_the_next_day_skips_it(completed_on: str) -> None:
    series = recurrence("FREQ=DAILY;INTERVAL=2;COUNT=5", "2026-12-01")

    expected = recurrence("FREQ=DAILY;INTERVAL=2;COUNT=3", "2026-12-05")
    assert following(series, "2026-12-04", completed_on) == expected
    assert preview(series, "2026-12-04") == ["2026-12-05", "2026-12-07", "2026-12-09"]


@given(rule_texts, dues, st.dates(), sides)
def test_the_next_due_keeps_its_time_and_time_zone(
    rule: str, due: Due, completed_on: date, counted_from: CountedFrom
) -> None:
    found = Recurrence(parse_rule(rule), counted_from, due.date).next_due(due, completed_on)

    assume(found)
    assert found
    assert (found[0].time, found[0].timezone) == (due.time, due.timezone)
    assert found[0].date > completed_on
    assert found[1].counted_from is counted_from


@given(rule_texts, anchors, sides)
def test_tasks_that_are_completed_when_due_are_due_on_the_days_of_the_rule(
    text: str, anchor: date, counted_from: CountedFrom
) -> None:
    series = Recurrence(parse_rule(text), counted_from, anchor)
    due = Due(anchor, time(17))
    expected = [day for day in islice(occurrences(series.rule, anchor), 10) if day > anchor]
    assert series.preview(due, len(expected)) == tuple(expected)

    for day in expected:
        found = series.next_due(due, due.date)
        assert found
        due, series = found

        assert due.date == series.anchor == day
        assert list(islice(occurrences(series.rule, day), 3)) == [day, *series.preview(due, 2)]


@pytest.mark.parametrize("counted_from", CountedFrom)
def test_count_ends_a_series(counted_from: CountedFrom) -> None:
    first = recurrence("FREQ=DAILY;COUNT=3", "2026-12-01", counted_from)

    second = following(first, "2026-12-01", "2026-12-01")
    assert second == recurrence("FREQ=DAILY;COUNT=2", "2026-12-02", counted_from)
    third = following(second, "2026-12-02", "2026-12-02")
    assert third == recurrence("FREQ=DAILY;COUNT=1", "2026-12-03", counted_from)
    assert following(third, "2026-12-03", "2026-12-03") is None
    assert preview(first, "2026-12-01", 9) == ["2026-12-02", "2026-12-03"]
    assert preview(third, "2026-12-03") == []


@pytest.mark.parametrize("counted_from", CountedFrom)
def test_count_does_not_count_a_first_due_that_is_not_a_day_of_the_rule(counted_from: CountedFrom) -> None:
    mondays = recurrence("FREQ=WEEKLY;BYDAY=MO;COUNT=2", "2026-12-02", counted_from)

    expected = recurrence("FREQ=WEEKLY;BYDAY=MO;COUNT=2", "2026-12-07", counted_from)
    assert following(mondays, "2026-12-02", "2026-12-02") == expected
    assert preview(mondays, "2026-12-02") == ["2026-12-07", "2026-12-14"]


def test_counted_from_the_due_count_also_counts_what_a_late_completion_skips() -> None:
    series = recurrence("FREQ=DAILY;COUNT=5", "2026-12-01")

    assert following(series, "2026-12-01", "2026-12-04") == recurrence("FREQ=DAILY;COUNT=1", "2026-12-05")
    assert following(series, "2026-12-01", "2026-12-05") is None


def test_counted_from_the_completion_a_late_completion_skips_nothing() -> None:
    series = recurrence("FREQ=DAILY;COUNT=5", "2026-12-01", COMPLETION)

    assert following(series, "2026-12-01", "2026-12-20") == recurrence("FREQ=DAILY;COUNT=4", "2026-12-21", COMPLETION)


@pytest.mark.parametrize("counted_from", CountedFrom)
def test_until_ends_a_series(counted_from: CountedFrom) -> None:
    series = recurrence("FREQ=DAILY;UNTIL=20261203", "2026-12-02", counted_from)

    last = following(series, "2026-12-02", "2026-12-02")
    assert last == recurrence("FREQ=DAILY;UNTIL=20261203", "2026-12-03", counted_from)
    assert following(last, "2026-12-03", "2026-12-03") is None
    assert preview(series, "2026-12-02") == ["2026-12-03"]


@pytest.mark.parametrize("counted_from", CountedFrom)
def test_the_end_of_the_calendar_ends_a_series(counted_from: CountedFrom) -> None:
    series = recurrence("FREQ=DAILY", "9999-12-31", counted_from)

    assert following(series, "9999-12-31", "9999-12-31") is None
    assert following(recurrence("FREQ=DAILY", "2026-12-01", counted_from), "9999-12-31", "9999-12-31") is None
    assert preview(series, "9999-12-31") == []


def test_a_preview_has_as_many_days_as_it_may() -> None:
    series = recurrence("FREQ=WEEKLY;BYDAY=MO,TH", "2026-12-03")

    assert preview(series, "2026-12-03", 0) == []
    assert preview(series, "2026-12-03", 2) == ["2026-12-07", "2026-12-10"]
    assert len(preview(series, "2026-12-03", 100)) == 100


def test_a_preview_counted_from_the_completion_begins_at_the_due() -> None:
    series = recurrence("FREQ=DAILY;INTERVAL=3", "2026-12-01", COMPLETION)

    assert preview(series, "2026-12-03", 2) == ["2026-12-06", "2026-12-09"]


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYDAY=6MO",
        "FREQ=MONTHLY;BYMONTHDAY=1;BYSETPOS=2",
        "FREQ=DAILY;UNTIL=20261130",
        "FREQ=YEARLY;INTERVAL=100;BYMONTH=1",
    ],
)
def test_a_rule_without_an_occurrence_in_forty_years_is_refused(rule: str) -> None:
    with pytest.raises(RuleViolated) as refusal:
        recurrence(rule, "2026-12-01")

    [violation] = refusal.value.violations
    assert violation.field == ("recurrence", "rule")
    assert violation.message == "must have an occurrence in the 40 years from the day of the due on"


def test_a_draft_is_anchored_at_a_day() -> None:
    day = date(2026, 12, 1)

    assert RecurrenceDraft("INTERVAL=1;FREQ=DAILY").anchored(day) == Recurrence(parse_rule("FREQ=DAILY"), DUE, day)


def accepted(value: object) -> RecurrenceDraft | None:
    found = Violations()
    draft = accept_recurrence(found, value)
    found.raise_if_any()
    return draft


def test_an_accepted_draft_has_its_rule_in_canonical_form() -> None:
    assert accepted(RecurrenceDraft("BYDAY=TH,MO;FREQ=WEEKLY", COMPLETION)) == RecurrenceDraft(
        "FREQ=WEEKLY;BYDAY=MO,TH", COMPLETION
    )
    assert accepted(None) is None


@pytest.mark.parametrize("value", ["FREQ=DAILY", {"rule": "FREQ=DAILY"}, 1, recurrence("FREQ=DAILY", "2026-12-01")])
def test_a_value_that_is_not_a_draft_is_refused(value: object) -> None:
    with pytest.raises(RuleViolated, match=r"^recurrence: must be a rule, and what it is counted from$"):
        accepted(value)


@pytest.mark.parametrize("rule", [None, 1, "FREQ=HOURLY"])
@pytest.mark.parametrize("counted_from", [None, "due", 1])
def test_all_violations_of_a_draft_are_reported_at_once(rule: Any, counted_from: Any) -> None:
    with pytest.raises(RuleViolated) as refusal:
        accepted(RecurrenceDraft(rule, counted_from))

    assert [violation.field for violation in refusal.value.violations] == [
        ("recurrence", "rule"),
        ("recurrence", "from"),
    ]


def test_counting_costs_no_more_than_forty_years() -> None:
    series = Recurrence(parse_rule("FREQ=YEARLY;COUNT=999"), DUE, date(1, 1, 1))

    found = series.next_due(Due(date(9000, 6, 1)), date(2026, 12, 1))

    assert found
    assert found[0].date - date(9000, 6, 1) < timedelta(366)
    assert str(found[1].rule) == "FREQ=YEARLY;COUNT=958"
