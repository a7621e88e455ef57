"""Todoist's CSV: what each column and each kind of row becomes."""

import datetime as dt

import pytest

from tests.unit.api.imports.reading import faults_of, file, notes_of, tasks_of
from todo_api.imports.formats import Format
from todo_api.imports.todoist import MAX_CELL
from todo_domain import ChecklistItem, Due, Priority

HEADER = "TYPE,CONTENT,DESCRIPTION,PRIORITY,INDENT,AUTHOR,RESPONSIBLE,DATE,DATE_LANG,TIMEZONE\n"


def rows(*lines: str) -> str:
    return HEADER + "\n".join(lines)


def test_a_project_of_todoist_becomes_tasks_with_checklists() -> None:
    phone, milk, windows, again = tasks_of(Format.TODOIST, file("todoist.csv"))

    assert (phone.draft.title, phone.draft.tags, phone.draft.priority) == (
        "Call the accountant",
        ("phone", "büro"),
        Priority.HIGH,
    )
    assert phone.draft.due == Due(dt.date(2026, 8, 13), dt.time(20, 30), "Europe/Berlin")
    assert phone.draft.description == (
        "Ask about the VAT, again\n\n"
        "Comment (Ada (100), 2026-08-01T07:02:05.000000Z): The number is in the address book\n\n"
        "Responsible: Bob (200)\n\nDuration: 30 minute"
    )
    assert milk.draft.checklist == (ChecklistItem("Two litres"), ChecklistItem('Only in "glass" bottles'))
    assert (
        milk.draft.description == 'Subtask: Two litres\nTags: shop\n\nSubtask: Only in "glass" bottles\nDeposit 15 ct'
    )
    assert windows.draft.due is None
    assert windows.draft.description == "Section: Haushalt\n\nDate: jeden Monat\n\nDeadline: 2026-09-30"
    assert again.draft.due == Due(dt.date(2026, 12, 24))


def test_what_has_no_field_is_reported_with_its_row() -> None:
    notes = notes_of(Format.TODOIST, file("todoist.csv"))

    about = [(row, message.partition(":")[0]) for row, message in sorted(notes)]
    assert about == [
        (4, "Duration"),
        (4, "Responsible"),
        (5, "is a comment"),
        (7, "Subtask"),
        (8, "Subtask"),
        (10, "is a section"),
        (11, "Date"),
        (11, "Deadline"),
    ]


def test_equal_rows_are_different_tasks_with_the_same_keys_in_every_run() -> None:
    first, second = (
        [task.origin.key for task in tasks_of(Format.TODOIST, rows("task,a,,,,,,,,", "task,a,,,,,,,,")) for _ in "x"]
        for _ in range(2)
    )

    assert first == second
    assert len(set(first)) == 2


@pytest.mark.parametrize(
    "changed", ["task,b,,,,,,,,", "task,a,,,,,,,,\nnote,n,,,,,,,,", "task,a,,,,,,,,\ntask,c,,,2,,,,,"]
)
def test_another_content_is_another_task(changed: str) -> None:
    (task,) = tasks_of(Format.TODOIST, rows("task,a,,,,,,,,"))
    (other,) = tasks_of(Format.TODOIST, rows(changed))

    assert task.origin != other.origin


@pytest.mark.parametrize(
    ("date", "zone", "due"),
    [
        ("2026-12-01", "", Due(dt.date(2026, 12, 1))),
        ("2026-12-01", "Europe/Berlin", Due(dt.date(2026, 12, 1))),
        ("2026-12-01 at 9:05", "Europe/Berlin", Due(dt.date(2026, 12, 1), dt.time(9, 5), "Europe/Berlin")),
        ("2026-12-01 17:00", "", Due(dt.date(2026, 12, 1), dt.time(17))),
        ("2026-12-01T17:00:00Z", "Asia/Tokyo", Due(dt.date(2026, 12, 2), dt.time(2), "Asia/Tokyo")),
        ("2026-12-01T17:00:00-05:00", "", Due(dt.date(2026, 12, 1), dt.time(22), "UTC")),
        ("2026-12-01T17:00:00Z", "Nowhere/Town", Due(dt.date(2026, 12, 1), dt.time(17), "UTC")),
        ("0001-01-01T00:30:00Z", "America/Lima", Due(dt.date(1, 1, 1), dt.time(0, 30), "UTC")),
    ],
)
def test_a_date_in_digits_becomes_the_due(date: str, zone: str, due: Due) -> None:
    (task,) = tasks_of(Format.TODOIST, rows(f"task,a,,,,,,{date},en,{zone}"))

    assert task.draft.due == due


@pytest.mark.parametrize("date", ["every day", "2026-02-30", "tomorrow at 5pm", "2026-12-01 at 25:00", "キ"])
def test_a_date_in_prose_is_kept_in_the_description(date: str) -> None:
    (task,) = tasks_of(Format.TODOIST, rows(f"task,a,,,,,,{date},en,"))

    assert (task.draft.due, task.draft.description) == (None, f"Date: {date}")


def test_a_wall_clock_in_an_unknown_time_zone_keeps_its_time() -> None:
    (task,) = tasks_of(Format.TODOIST, rows("task,a,,,,,,2026-12-01 at 17:00,en,Nowhere/Town"))

    assert task.draft.due == Due(dt.date(2026, 12, 1), dt.time(17))
    assert task.draft.description == "Time zone: Nowhere/Town"


@pytest.mark.parametrize(
    ("value", "priority"), [("1", Priority.HIGH), ("2", Priority.HIGH), ("3", Priority.MEDIUM), ("4", Priority.MEDIUM)]
)
def test_the_first_two_priorities_are_high(value: str, priority: Priority) -> None:
    (task,) = tasks_of(Format.TODOIST, rows(f"task,a,,{value},,,,,,"))

    assert task.draft.priority is priority


def test_a_title_of_labels_alone_stays_and_an_address_is_not_a_label() -> None:
    first, second = tasks_of(Format.TODOIST, rows("task,@home,,,,,,,,", "task,Write to ada@example.com,,,,,,,,"))

    assert (first.draft.title, first.draft.tags) == ("@home", ("home",))
    assert (second.draft.title, second.draft.tags) == ("Write to ada@example.com", ())


def test_formulas_stay_text() -> None:
    (task,) = tasks_of(Format.TODOIST, rows("""task,"=HYPERLINK(""http://x"")",+1,,,,,,,"""))

    assert (task.draft.title, task.draft.description) == ('=HYPERLINK("http://x")', "+1")


def test_rows_without_their_task_are_reported() -> None:
    assert notes_of(Format.TODOIST, rows("note,n,,,,,,,,", "task,a,,,2,,,,,")) == [
        (2, "is a comment on the project, which is not imported"),
        (3, "the task that it is a part of is not in the file"),
    ]


def test_a_column_that_is_not_known_is_kept_in_the_description() -> None:
    (task,) = tasks_of(Format.TODOIST, "TYPE,CONTENT,COLOUR\ntask,a,red")

    assert task.draft.description == "Other: red"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("a,b\n1,2", ((), "import_file")),
        (rows("tusk,a,,,,,,,,"), ((2, "TYPE"), "import_row")),
        (rows("task,a,,5,,,,,,"), ((2, "PRIORITY"), "import_row")),
        (rows("task,a,,1,x,,,,,"), ((2, "INDENT"), "import_row")),
        (rows('task,"a'), ((), "csv")),
        (rows(f"task,{'a' * (MAX_CELL + 1)}"), ((), "csv")),
    ],
)
def test_a_faulty_file_is_refused_with_the_row(content: str, fault: object) -> None:
    assert faults_of(Format.TODOIST, content) == [fault]
