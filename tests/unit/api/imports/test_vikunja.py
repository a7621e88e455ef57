"""Vikunja's data.json: projects with their tasks."""

import datetime as dt
import json
from typing import Any

import pytest

from tests.unit.api.imports.reading import faults_of, file, notes_of, projects_of, tasks_of
from todo_api.imports.formats import Format
from todo_domain import ChecklistItem, CountedFrom, Due, Priority, RecurrenceDraft


def project(*tasks: Any, **values: Any) -> str:
    return json.dumps([{"id": 1, "title": "P", "created": "2025-01-01T00:00:00Z", "tasks": tasks, **values}])


def test_projects_and_tasks_keep_their_values_and_times() -> None:
    content = file("vikunja.json")
    plants, rent = tasks_of(Format.VIKUNJA, content)
    inbox, old = projects_of(Format.VIKUNJA, content)

    assert [(each.draft.name, each.draft.archived) for each in (inbox, old)] == [("Inbox", False), ("Old", True)]
    assert old.created_at == dt.datetime(2024, 1, 1, 10, tzinfo=dt.UTC)
    assert (plants.project, rent.project) == (inbox.origin, inbox.origin)
    assert plants.draft.description == (
        "Not the cactus & the fern\nEvery corner\n\nBucket: Doing\n\nComment: ada, 2025-01-03T10:00:00Z: Use rain water"
    )
    assert plants.draft.due == Due(dt.date(2026, 3, 5), dt.time(11), "UTC")
    assert plants.draft.recurrence == RecurrenceDraft("FREQ=WEEKLY", CountedFrom.COMPLETION)
    assert (plants.draft.tags, plants.draft.priority) == (("home", "Garden"), Priority.HIGH)
    assert plants.draft.checklist == (ChecklistItem("Fill the can", complete=True),)
    assert plants.created_at == dt.datetime(2025, 1, 2, 10, tzinfo=dt.UTC)
    assert rent.completed_at == dt.datetime(2025, 2, 1, 8, 30, tzinfo=dt.UTC)
    assert (rent.draft.recurrence, rent.draft.description) == (None, "Repeats: FREQ=MONTHLY")


def test_what_has_no_field_is_reported() -> None:
    assert sorted(notes_of(Format.VIKUNJA, file("vikunja.json"))) == [
        (2, "Comment: there is no field for it, so it is in the description"),
        (4, "Repeats: there is no field for it, so it is in the description"),
        (4, "reminders can't be imported"),
        (5, "is part of another project, and becomes a project of its own"),
        (5, "the description of the project is not imported"),
    ]


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"repeat_mode": 1}, "FREQ=MONTHLY"),
        ({"repeat_after": 86_400}, "FREQ=DAILY"),
        ({"repeat_after": 3 * 86_400}, "FREQ=DAILY;INTERVAL=3"),
        ({"repeat_after": 14 * 86_400}, "FREQ=WEEKLY;INTERVAL=2"),
    ],
)
def test_a_repetition_in_days_becomes_a_rule(values: dict[str, int], rule: str) -> None:
    (task,) = tasks_of(Format.VIKUNJA, project({"id": 1, "title": "a", "due_date": "2026-12-01T00:00:00Z", **values}))

    assert task.draft.recurrence == RecurrenceDraft(rule)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"repeat_after": 3600}, "Repeats: every 3600 seconds"),
        ({"repeat_after": 86_400 * 1000}, "Repeats: FREQ=DAILY;INTERVAL=1000"),
        ({"start_date": "2026-12-01T08:00:00+01:00"}, "Starts: 2026-12-01T07:00:00+00:00"),
        ({"assignees": [{"username": "ada"}, {"username": "bob"}]}, "Assigned to: ada, bob"),
    ],
)
def test_what_has_no_field_is_kept_as_text(values: dict[str, Any], text: str) -> None:
    (task,) = tasks_of(Format.VIKUNJA, project({"id": 1, "title": "a", "due_date": "2026-12-01T00:00:00Z", **values}))

    assert task.draft.description == text


def test_nested_projects_become_projects_and_views_are_left_out() -> None:
    inner = {"id": 2, "title": "inner", "tasks": [{"id": 3, "title": "a"}]}
    content = project(child_projects=[inner, {"id": -1, "title": "Favorites", "tasks": [{"id": 3, "title": "a"}]}])

    assert [each.draft.name for each in projects_of(Format.VIKUNJA, content)] == ["P", "inner"]
    assert len(tasks_of(Format.VIKUNJA, content)) == 1


def test_the_same_ids_of_two_servers_are_different_tasks() -> None:
    (one,) = tasks_of(Format.VIKUNJA, project({"id": 1, "title": "a", "created": "2025-01-01T00:00:00Z"}))
    (other,) = tasks_of(Format.VIKUNJA, project({"id": 1, "title": "a", "created": "2025-01-02T00:00:00Z"}))

    assert one.origin != other.origin


def test_a_long_name_of_a_project_is_cut_and_reported() -> None:
    content = project(title="n" * 120)

    (found,) = projects_of(Format.VIKUNJA, content)

    assert found.draft.name == f"{'n' * 99}…"
    assert notes_of(Format.VIKUNJA, content) == [(1, "the name of the project has 120 characters; it was cut to 100")]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("{}", ((), "import_file")),
        ("[7]", ((1,), "import_row")),
        (project({"id": 1, "title": "a", "done": 1}), ((2, "done"), "import_row")),
        (project({"id": 1, "title": "a", "priority": 10**30}), ((2, "priority"), "import_row")),
    ],
)
def test_a_faulty_file_is_refused_with_the_row(content: str, fault: object) -> None:
    assert faults_of(Format.VIKUNJA, content)[0] == fault
