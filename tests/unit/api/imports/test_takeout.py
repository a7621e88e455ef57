"""Google Takeout's Tasks.json: each list becomes a project."""

import datetime as dt
import json
from typing import Any

import pytest

from tests.unit.api.imports.reading import faults_of, file, notes_of, projects_of, read, tasks_of
from todo_api.imports.formats import Format
from todo_api.imports.json_files import MAX_VALUES
from todo_domain import ChecklistItem, Due


def lists(*tasks: Any, **values: Any) -> str:
    return json.dumps({"kind": "tasks#taskLists", "items": [{"id": "l", "title": "L", "items": tasks, **values}]})


def test_lists_become_projects_and_subtasks_items_in_their_order() -> None:
    content = file("takeout.json")
    trip, peppers, report = tasks_of(Format.TAKEOUT, content)
    mine, work = projects_of(Format.TAKEOUT, content)

    assert [mine.draft.name, work.draft.name] == ["My Tasks", "Work"]
    assert [trip.project, peppers.project, report.project] == [mine.origin, mine.origin, work.origin]
    assert trip.draft.due == Due(dt.date(2026, 5, 1))
    assert trip.draft.checklist == (ChecklistItem("Buy tickets"), ChecklistItem("Book the hotel", complete=True))
    assert trip.draft.description == (
        "By train\nif possible\n\nSubtask: Buy tickets\nDue: 2026-04-01\n\nLink: https://mail.google.com/mail/#all/177"
    )
    assert peppers.draft.complete
    assert peppers.completed_at == peppers.created_at == dt.datetime(2026, 1, 4, 18, 37, 52, tzinfo=dt.UTC)
    assert (report.in_trash, trip.in_trash) == (True, False)


def test_an_empty_task_and_what_has_no_field_is_reported() -> None:
    assert [(row, message.partition(":")[0]) for row, message in notes_of(Format.TAKEOUT, file("takeout.json"))] == [
        (5, "Subtask"),
        (3, "Link"),
        (6, "is empty"),
    ]


def test_a_deleted_task_is_left_out_where_no_trash_is_kept() -> None:
    items, report = read(Format.TAKEOUT, file("takeout.json"), keeps_trash=False)

    assert len(items) == 4
    assert report.notes[-1] == (8, "is deleted, and this server keeps no deleted tasks")


def test_a_task_without_an_id_is_identified_by_its_content() -> None:
    first, second, third = tasks_of(Format.TAKEOUT, lists({"title": "a"}, {"title": "a"}, {"title": "b"}))

    assert len({first.origin, second.origin, third.origin}) == 3


def test_the_same_id_twice_is_one_task() -> None:
    content = lists({"id": "x", "title": "a"}, {"id": "x", "title": "b"})

    assert [task.draft.title for task in tasks_of(Format.TAKEOUT, content)] == ["a"]
    assert notes_of(Format.TAKEOUT, content) == [(3, "is the same task as row 2")]


def test_a_chain_of_subtasks_ends_in_the_outermost_task() -> None:
    chain = [{"id": str(number), "title": f"{number}", "parent": str(number - 1)} for number in range(1, 90)]
    (task,) = tasks_of(Format.TAKEOUT, lists({"id": "0", "title": "0"}, *chain))

    assert [item.title for item in task.draft.checklist] == [f"{number}" for number in range(1, 90)]


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_cycle_of_subtasks_is_refused(length: int) -> None:
    cycle = [{"id": str(n), "title": "a", "parent": str((n + 1) % length)} for n in range(length)]

    faults = faults_of(Format.TAKEOUT, lists(*cycle, {"id": "9", "title": "b", "parent": "0"}))

    assert faults == [((row,), "cycle") for row in range(2, length + 3)]


def test_a_due_that_is_not_a_time_is_kept_in_the_description() -> None:
    (task,) = tasks_of(Format.TAKEOUT, lists({"title": "a", "due": "soon"}, {"parent": "?", "id": "b", "title": ""}))[
        :1
    ]

    assert task.draft.description == "Due: soon"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("[]", ((), "import_file")),
        ('{"kind": "tasks#tasks"}', ((), "import_file")),
        ("{", ((), "json")),
        ("[" * 100_000, ((), "json")),
        ("[" + "[]," * MAX_VALUES, ((), "too_many_values")),
        ('{"kind": "tasks#taskLists", "items": {}}', ((1, "items"), "import_row")),
        ('{"kind": "tasks#taskLists", "items": [7]}', ((1,), "import_row")),
        (lists({"title": 7}), ((2, "title"), "import_row")),
        (lists({"title": "a", "deleted": "no"}), ((2, "deleted"), "import_row")),
    ],
)
def test_a_faulty_file_is_refused_with_the_row(content: str, fault: object) -> None:
    assert faults_of(Format.TAKEOUT, content) == [fault]
