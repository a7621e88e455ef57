"""iCalendar: each VTODO becomes a task."""

import datetime as dt

import pytest

from tests.unit.api.imports.reading import faults_of, file, notes_of, read, tasks_of
from todo_api.imports.formats import Format
from todo_api.imports.ical import MAX_LINE, MAX_PROPERTIES
from todo_domain import ChecklistItem, Due, ImportedProject, ImportedTask, Origin, Priority, RecurrenceDraft


def calendar(*components: str) -> str:
    return "\n".join(["BEGIN:VCALENDAR", *components, "END:VCALENDAR"])


def todo(*lines: str) -> str:
    return "\n".join(["BEGIN:VTODO", *lines, "END:VTODO"])


def test_a_todo_keeps_its_values_and_times() -> None:
    milk, day = tasks_of(Format.ICAL, file("tasks.ics"))

    assert milk.draft.title == "Buy milk, bread and the very long list of other things that Nextcloud folds"
    assert milk.draft.description == "First line\nsecond line"
    assert (milk.draft.tags, milk.draft.priority) == (("Errands", "a,b", "shop"), Priority.HIGH)
    assert milk.draft.due == Due(dt.date(2026, 12, 1), dt.time(17), "Europe/Berlin")
    assert milk.draft.recurrence == RecurrenceDraft("FREQ=WEEKLY;BYDAY=TU;UNTIL=20271231")
    assert milk.draft.checklist == (ChecklistItem("A small step", complete=True),)
    assert milk.created_at == dt.datetime(2026, 1, 2, 9, tzinfo=dt.UTC)
    assert (day.draft.due, day.draft.complete, day.draft.priority) == (Due(dt.date(2026, 4, 2)), True, Priority.LOW)
    assert day.draft.description == "Starts: 20260401\n\nLocation: Berlin"


def test_what_has_no_field_is_reported() -> None:
    assert notes_of(Format.ICAL, file("tasks.ics")) == [
        (1, "reminders can't be imported"),
        (3, "was cancelled, and is imported as complete"),
        (3, "attendees can't be imported"),
        (3, "Starts: there is no field for it, so it is in the description"),
        (3, "Location: there is no field for it, so it is in the description"),
    ]


@pytest.mark.parametrize(
    ("lines", "due"),
    [
        (["DUE:20261201"], Due(dt.date(2026, 12, 1))),
        (["DUE:20261201T170000"], Due(dt.date(2026, 12, 1), dt.time(17))),
        (["DUE:20261201T170059Z"], Due(dt.date(2026, 12, 1), dt.time(17), "UTC")),
        (['DUE;TZID="Asia/Tokyo":20261201T170000'], Due(dt.date(2026, 12, 1), dt.time(17), "Asia/Tokyo")),
        (["DUE;TZID=W. Europe Standard Time:20261201T170000"], Due(dt.date(2026, 12, 1), dt.time(17), "Europe/Berlin")),
        (["DUE;TZID=Nowhere:20261201T170000"], Due(dt.date(2026, 12, 1), dt.time(17))),
        (["DTSTART:20261201T170000Z", "DURATION:PT1H"], Due(dt.date(2026, 12, 1), dt.time(18), "UTC")),
        (["DTSTART:99991231T170000Z", "DURATION:P1W"], None),
        (["DTSTART:20261201", "RRULE:FREQ=DAILY"], Due(dt.date(2026, 12, 1))),
        (["DTSTART:20261201"], None),
        ([], None),
    ],
)
def test_the_due_is_a_day_or_a_time_with_its_zone(lines: list[str], due: Due | None) -> None:
    (task,) = tasks_of(Format.ICAL, calendar(todo("UID:a", "SUMMARY:a", *lines)))

    assert task.draft.due == due


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("DUE:soon", "DUE is not a day or a time"),
        ("DUE:99999999", "DUE is not a day or a time"),
        ("DTSTART:PT1H", "DTSTART is not a day or a time"),
        ("DURATION:soon", "DURATION is not a duration"),
        ("DURATION:20261201", "DURATION is not a duration"),
        ("PRIORITY:urgent", "PRIORITY is not a digit"),
        ("CREATED:20991201T000000Z", "has a time in the future or before 1970; the time of the import is used"),
        ("CREATED:19691231T235959", "has a time in the future or before 1970; the time of the import is used"),
        ("RRULE:FREQ=HOURLY", "Repeats: there is no field for it, so it is in the description"),
        ("RDATE:20261201T000000Z", "additional days can't be imported"),
        ("ATTACH;ENCODING=BASE64;VALUE=BINARY:AAAA", "attachments can't be imported"),
        ("PERCENT-COMPLETE:50", "Percent complete: there is no field for it, so it is in the description"),
        ("RELATED-TO:nobody", "the task that it is a part of is not in the file"),
    ],
)
def test_a_property_that_does_not_fit_is_reported_and_the_task_imported(line: str, note: str) -> None:
    content = calendar(todo("UID:a", "SUMMARY:a", line))

    assert len(tasks_of(Format.ICAL, content)) == 1
    assert notes_of(Format.ICAL, content) == [(1, note)]


@pytest.mark.parametrize("value", ["CREATED:20260101", "CREATED;TZID=Asia/Tokyo:00010101T000000"])
def test_a_creation_that_is_not_a_time_is_that_of_the_import(value: str) -> None:
    (task,) = tasks_of(Format.ICAL, calendar(todo("UID:a", "SUMMARY:a", value)))

    assert task.created_at is None


def test_a_changed_instance_is_a_task_of_its_own() -> None:
    series = todo("UID:a", "SUMMARY:a", "DUE:20261201", "RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY")
    instance = todo("UID:a", "RECURRENCE-ID:20261203", "SUMMARY:b", "DUE:20261204")

    first, second = tasks_of(Format.ICAL, calendar(series, instance))

    assert first.origin != second.origin
    assert (first.draft.recurrence, second.draft.recurrence) == (RecurrenceDraft("FREQ=DAILY"), None)
    assert first.draft.description == "Repeats: FREQ=WEEKLY"


def test_tasks_without_a_uid_are_identified_by_their_content() -> None:
    first, second = tasks_of(Format.ICAL, calendar(todo("SUMMARY:a"), todo("SUMMARY:a", "RELATED-TO;RELTYPE=CHILD:x")))

    assert first.origin != second.origin


OWN = ("UID:task-7@alice|1", "CREATED:20261121T093000Z", "SUMMARY:a", "X-TODO-PROJECT:Household\\, garden")


def test_our_own_export_has_projects_and_names_the_tasks_of_the_list() -> None:
    items, report = read(Format.ICAL, calendar(todo(*OWN), todo(*OWN[2:]), todo("UID:b", "SUMMARY:b")))

    project, own, same_project, other = items
    assert isinstance(project, ImportedProject)
    assert project.draft.name == "Household, garden"
    assert [item.project for item in (own, same_project, other) if isinstance(item, ImportedTask)] == [
        project.origin,
        project.origin,
        None,
    ]
    created_at = dt.datetime(2026, 11, 21, 9, 30, tzinfo=dt.UTC)
    assert own.origin == Origin(own.origin.key, "alice|1", 7, created_at)
    assert (other.origin.id, report.notes) == (None, [])


@pytest.mark.parametrize(
    ("lines", "in_trash", "complete"),
    [
        ((), False, False),
        (("STATUS:CANCELLED",), True, False),
        (("STATUS:CANCELLED", "COMPLETED:20261121T093000Z"), True, True),
        (("STATUS:COMPLETED", "COMPLETED:20261121T093000Z"), False, True),
    ],
)
def test_in_our_own_export_a_task_in_the_trash_is_cancelled(
    lines: tuple[str, ...],
    in_trash: bool,  # noqa: FBT001 - a parameter of pytest
    complete: bool,  # noqa: FBT001 - a parameter of pytest
) -> None:
    (task,) = tasks_of(Format.ICAL, calendar(todo(*OWN, *lines)))

    assert (task.in_trash, task.draft.complete) == (in_trash, complete)


def test_components_in_a_todo_are_not_its_properties() -> None:
    alarm = ("BEGIN:VALARM", "SUMMARY:b", "BEGIN:X-INNER", "END:X-INNER", "END:VALARM", "DESCRIPTION:c")
    (task,) = tasks_of(Format.ICAL, calendar(todo("UID:a", "SUMMARY:a", *alarm)))

    assert (task.draft.title, task.draft.description) == ("a", "c")


@pytest.mark.parametrize(
    ("content", "faults"),
    [
        ("hello", [((), "icalendar")]),
        (calendar("BEGIN:VEVENT", "END:VEVENT"), [((), "icalendar")]),
        (calendar("BEGIN:VTODO", "SUMMARY:a"), [((1,), "import_row")]),
        (calendar(todo("not a property")), [((1,), "import_row")]),
        (calendar(todo(f"SUMMARY:{'a' * MAX_LINE}")), [((1,), "import_row")]),
        (calendar(todo(*["COMMENT:a"] * (MAX_PROPERTIES + 1))), [((1,), "import_row")]),
        (calendar(todo("UID:a", "SUMMARY:a", "RELATED-TO:a")), [((1,), "cycle")]),
    ],
)
def test_a_faulty_file_is_refused_with_the_number_of_the_todo(content: str, faults: list[object]) -> None:
    assert faults_of(Format.ICAL, content) == faults
