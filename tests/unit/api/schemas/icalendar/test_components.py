"""What a task is in a calendar: every field, and text that reads back unchanged."""

from dataclasses import fields
from datetime import date, time, timedelta
from typing import Any

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.api.schemas.icalendar.calendars import as_events, as_todos, read
from tests.unit.domain.strategies import NOON, lines, task, tasks, texts
from todo_adapters.contract.field_values import DRAFT_VALUES
from todo_domain import ChecklistItem, Due, Priority, TaskDraft, TaskPatch

DAY = date(2026, 12, 1)
DUE = Due(DAY, time(17), "Europe/Berlin")


def test_an_event_has_the_fields_of_its_task() -> None:
    checklist = (ChecklistItem("Oats"), ChecklistItem("Rye", complete=True))
    one = task("Buy milk", due=DUE, description="1 l; fresh", tags=("home", "a, b"), checklist=checklist)

    text = as_events(one.patched(TaskPatch(priority=Priority.HIGH), NOON + timedelta(hours=1)))

    assert text.partition("END:VTIMEZONE\r\n")[2].splitlines() == [
        "BEGIN:VEVENT",
        "UID:task-1@alice",
        "DTSTAMP:20260301T130000Z",
        "LAST-MODIFIED:20260301T130000Z",
        "CREATED:20260301T120000Z",
        "SUMMARY:Buy milk",
        r"DESCRIPTION:1 l\; fresh\n\n[ ] Oats\n[x] Rye",
        "PRIORITY:1",
        r"CATEGORIES:home,a\, b",
        "DTSTART;TZID=Europe/Berlin:20261201T170000",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
        "END:VCALENDAR",
    ]


def test_a_to_do_says_whether_and_when_its_task_was_completed() -> None:
    one = task()
    done = one.patched(TaskPatch(complete=True), NOON + timedelta(hours=1))

    assert "STATUS:NEEDS-ACTION\r\n" in as_todos(one)
    assert "STATUS:COMPLETED\r\nCOMPLETED:20260301T130000Z\r\n" in as_todos(done)


@pytest.mark.parametrize(
    ("due", "value"),
    [
        (Due(DAY), ";VALUE=DATE:20261201"),
        (Due(DAY, time(17)), ":20261201T170000"),
        (DUE, ";TZID=Europe/Berlin:20261201T170000"),
        (Due(DAY, time(17), "UTC"), ":20261201T170000Z"),
        (Due(DAY, time(17), "Europe/Dropped"), ":20261201T170000"),
        (Due(date.min), ";VALUE=DATE:00010101"),
    ],
)
def test_a_due_is_a_day_or_a_time_in_its_time_zone(due: Due, value: str) -> None:
    one = task()._replace(due=due)

    assert f"DTSTART{value}\r\n" in as_events(one)
    assert f"DUE{value}\r\n" in as_todos(one)


def test_a_task_without_a_due_is_no_event_but_a_to_do() -> None:
    assert "BEGIN:VEVENT" not in as_events(task())
    assert "BEGIN:VTODO" in as_todos(task())


def test_each_time_zone_is_written_once_before_its_first_use() -> None:
    other = Due(DAY, time(9), "Asia/Kolkata")

    text = as_events(task(due=Due(DAY)), task(due=DUE), task(due=other), task(due=DUE))

    assert [line for line in text.splitlines() if line.startswith(("TZID", "DTSTART;"))] == [
        "DTSTART;VALUE=DATE:20261201",
        "TZID:Europe/Berlin",
        "DTSTART;TZID=Europe/Berlin:20261201T170000",
        "TZID:Asia/Kolkata",
        "DTSTART;TZID=Asia/Kolkata:20261201T090000",
        "DTSTART;TZID=Europe/Berlin:20261201T170000",
    ]


@pytest.mark.parametrize("name", [field.name for field in fields(TaskDraft) if field.name != "project_id"])
def test_every_field_of_a_task_but_its_project_is_in_its_to_do(name: str) -> None:
    needed = {"due": Due(DAY)} if name == "recurrence" else {}

    written = [as_todos(task(**{**needed, name: value})) for value in DRAFT_VALUES[name]]

    assert len(set(written)) == len(written)


@settings(max_examples=settings().max_examples // 4)
@given(lines(30), texts(100, also="\t\n"), st.lists(lines(10).filter(lambda tag: tag.strip() == tag), max_size=3))
def test_text_reads_back_unchanged(title: str, description: str, tags: list[str]) -> None:
    one = task(title, description=description or None, tags=tuple(tags))

    todo: Any = icalendar.Calendar.from_ical(as_todos(one)).walk("VTODO")[0]

    assert str(todo["SUMMARY"]) == one.title.replace("\x7f", "")
    assert str(todo.get("DESCRIPTION", "")) == description.replace("\x7f", "")
    assert list(map(str, todo.categories)) == [tag.replace("\x7f", "") for tag in one.tags]


def test_a_backslash_before_an_n_is_no_line_break_and_every_line_break_is_one() -> None:
    one = task(r"C:\New\name", description="a\r\nb\rc\nd")

    (todo,) = read(as_todos(one)).vtodo_list

    assert todo.summary.value == r"C:\New\name"
    assert todo.description.value == "a\nb\nc\nd"


@settings(max_examples=settings().max_examples // 4)
@given(tasks)
def test_lines_end_with_cr_lf_and_have_at_most_75_octets(one: Any) -> None:
    for text in (as_events(one), as_todos(one)):
        written = text.encode().split(b"\r\n")

        assert written[-1] == b""
        assert max(map(len, written)) <= 75
        assert not any(b"\n" in line or b"\r" in line for line in written)
