"""A calendar shows the same occurrences as the API, or only the due."""

from datetime import date, datetime, time, timedelta
from itertools import takewhile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.api.schemas.icalendar.calendars import as_events, as_todos, instances, read
from tests.unit.domain.strategies import rule_texts, task
from todo_api.schemas.icalendar.recurrence import MAX_MOVED
from todo_domain import CountedFrom, Due, RecurrenceDraft, Task
from todo_domain.recurrence import Recurrence, occurrences, parse_rule

TUESDAY = date(2026, 12, 1)
BERLIN = Due(TUESDAY, time(17), "Europe/Berlin")
MOST = 8
YEARS = 4

times = st.sampled_from([(None, None), (time(17), None), (time(2, 30), "Europe/Berlin"), (time(17), "UTC")])


def recurring(rule: str, due: Due = BERLIN, counted_from: CountedFrom = CountedFrom.DUE) -> Task:
    return task(due=due, recurrence=RecurrenceDraft(rule, counted_from))


def moved(recurring: Task, days: int) -> Task:
    assert recurring.due
    return recurring._replace(due=Due(recurring.due.date + timedelta(days), recurring.due.time, recurring.due.timezone))


def lines(text: str, *names: str) -> list[str]:
    """Return the content lines with these names in all components but the time zones."""
    found = text.partition("END:VTIMEZONE")[2] or text
    return [line for line in found.splitlines() if line.startswith(names)]


@given(rule_texts, st.dates(date(2020, 1, 1), date(2040, 1, 1)), times, st.just(0) | st.integers(-40, 400))
def test_the_events_of_a_task_are_its_due_and_the_occurrences_that_follow(
    rule: str, day: date, at: tuple[Any, Any], days: int
) -> None:
    anchor = next(occurrences(parse_rule(rule), day), day)
    one = moved(task(due=Due(anchor, *at)), days)._replace(
        recurrence=Recurrence(parse_rule(rule), CountedFrom.DUE, anchor)
    )
    assert one.due
    last = date(max(anchor, one.due.date).year + YEARS, 12, 31)

    text = as_events(one)

    followed = takewhile(last.__ge__, one.occurrences(MOST - 1) if lines(text, "RRULE") else ())
    expected = [datetime.combine(day, one.due.time or time()) for day in (one.due.date, *followed)]
    assert instances(read(text).vevent_list, MOST, last) == expected


@pytest.mark.parametrize(
    ("due", "until"),
    [
        (Due(TUESDAY), "20261231"),
        (Due(TUESDAY, time(17)), "20261231T170000"),
        (BERLIN, "20261231T160000Z"),
        (Due(TUESDAY, time(17), "America/New_York"), "20261231T220000Z"),
        (Due(TUESDAY, time(17), "UTC"), "20261231T170000Z"),
    ],
)
def test_the_end_of_a_series_has_the_form_of_its_start(due: Due, until: str) -> None:
    text = as_events(recurring("FREQ=DAILY;UNTIL=20261231", due))

    assert lines(text, "RRULE") == [f"RRULE:FREQ=DAILY;UNTIL={until}"]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/New_York"])
def test_the_end_of_a_series_may_be_at_the_end_of_pythons_calendar(zone: str) -> None:
    text = as_events(recurring("FREQ=DAILY;UNTIL=99991231", Due(TUESDAY, time(23), zone)))

    assert "UNTIL=99991231T" in text


def test_a_series_starts_at_its_anchor_and_a_moved_due_is_an_exception() -> None:
    text = as_events(moved(recurring("FREQ=WEEKLY;INTERVAL=2;COUNT=5"), 3))

    assert lines(text, "DTSTART", "RRULE", "RECURRENCE-ID") == [
        "DTSTART;TZID=Europe/Berlin:20261201T170000",
        "RRULE:FREQ=WEEKLY;COUNT=5;INTERVAL=2",
        "DTSTART;TZID=Europe/Berlin:20261204T170000",
        "RECURRENCE-ID;TZID=Europe/Berlin:20261201T170000",
    ]


def test_occurrences_before_a_moved_due_are_skipped_and_counted() -> None:
    text = as_events(moved(recurring("FREQ=WEEKLY;COUNT=5", Due(TUESDAY)), 14))

    assert lines(text, "DTSTART", "RRULE", "RECURRENCE-ID") == [
        "DTSTART;VALUE=DATE:20261215",
        "RRULE:FREQ=WEEKLY;COUNT=3",
    ]


INEXACT = {
    "counted from the completion": (
        recurring("FREQ=WEEKLY", counted_from=CountedFrom.COMPLETION),
        "Repeats by FREQ=WEEKLY\\, counted from the day of completion",
    ),
    "at an anchor that it does not match": (recurring("FREQ=WEEKLY;BYDAY=MO"), "Repeats by FREQ=WEEKLY\\;BYDAY=MO"),
    "moved too far": (moved(recurring("FREQ=WEEKLY"), MAX_MOVED.days + 1), "Repeats by FREQ=WEEKLY"),
}


@pytest.mark.parametrize(("one", "comment"), INEXACT.values(), ids=INEXACT)
@pytest.mark.parametrize("write", [as_events, as_todos])
def test_a_recurrence_that_rrule_cannot_say_exactly_is_a_comment(write: Any, one: Task, comment: str) -> None:
    text = write(one)

    assert lines(text, "COMMENT", "RRULE", "RECURRENCE-ID") == [f"COMMENT:{comment}"]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (0, ["DUE;VALUE=DATE:20261201", "DTSTART;VALUE=DATE:20261201", "RRULE:FREQ=WEEKLY"]),
        (9, ["DUE;VALUE=DATE:20261210", "DTSTART;VALUE=DATE:20261208", "RRULE:FREQ=WEEKLY"]),
        (-1, ["DUE;VALUE=DATE:20261130", "COMMENT:Repeats by FREQ=WEEKLY"]),
    ],
)
def test_the_start_of_a_recurring_to_do_is_its_occurrence_and_never_after_its_due(
    days: int, expected: list[str]
) -> None:
    text = as_todos(moved(recurring("FREQ=WEEKLY", Due(TUESDAY)), days))

    assert lines(text, "DUE", "DTSTART", "RRULE", "COMMENT") == expected
