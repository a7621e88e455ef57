"""Our own export: what is exported and imported again is equal, in every field."""

import datetime as dt
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.api.imports.reading import NOW, faults_of, notes_of, projects_of, read, tasks_of
from tests.unit.domain.strategies import drafts
from todo_adapters.contract.field_values import EVERY_FIELD
from todo_api.imports.formats import Format
from todo_api.imports.ndjson import MAX_LINE
from todo_api.schemas.changes import change_response
from todo_domain import ImportedProject, ImportedTask, Origin, Project, ProjectDraft, Task, TaskDraft, UserId
from todo_domain.imported import EARLIEST, MAX_ORIGIN_ID

# The list gives an imported item these. A successor is a task that is imported too.
GIVEN_BY_THE_LIST = {"user_id", "id", "revision", "position", "successor_id", "succeeds", "project_id"}
ALICE, BOB = UserId("alice"), UserId("bob")

past = st.integers(0, 10**15).map(lambda microseconds: EARLIEST + dt.timedelta(microseconds=microseconds))


def line(item: Task | Project, **more: Any) -> str:
    """Return a line of the export."""
    return orjson.dumps({**change_response(item), **more}, option=orjson.OPT_UTC_Z).decode()


def home(**values: Any) -> Project:
    project = Project.from_draft(ProjectDraft(name="Home"), user_id=ALICE, id=3, revision=1, at=NOW)
    return project._replace(**values)


def exported(draft: TaskDraft = EVERY_FIELD, at: dt.datetime = NOW, **values: Any) -> Task:
    return Task.from_draft(draft, user_id=ALICE, id=7, revision=9, at=at)._replace(**values)


def kept(item: Task | Project) -> dict[str, Any]:
    return {name: value for name, value in item._asdict().items() if name not in GIVEN_BY_THE_LIST}


@settings(max_examples=30)
@given(drafts, past, past)
def test_an_exported_task_is_imported_with_every_field(draft: TaskDraft, at: dt.datetime, later: dt.datetime) -> None:
    task = exported(draft, at, project_id=None)._replace(updated_at=max(at, later))

    (found,) = tasks_of(Format.NDJSON, line(task))

    assert kept(found.task(user_id=BOB, id=1, revision=1, at=NOW, project_id=None)) == kept(task)


def test_a_recurrence_keeps_its_anchor() -> None:
    task = exported(project_id=None)
    assert task.recurrence
    task = task._replace(recurrence=task.recurrence.draft.anchored(task.recurrence.anchor - dt.timedelta(days=1)))

    (found,) = tasks_of(Format.NDJSON, line(task))

    assert kept(found.task(user_id=BOB, id=1, revision=1, at=NOW, project_id=None)) == kept(task)


def test_an_exported_project_is_imported_with_every_field() -> None:
    project = home(archived=True, created_at=NOW - dt.timedelta(days=1))

    (found,) = projects_of(Format.NDJSON, line(project))

    assert kept(found.project(user_id=BOB, id=1, revision=1, at=NOW)) == kept(project)


def test_a_task_is_in_the_project_of_the_file() -> None:
    # The export may have a task before its project.
    items, _ = read(Format.NDJSON, "\n".join([line(exported(project_id=3)), line(home()), ""]))

    project, task = items
    assert isinstance(project, ImportedProject)
    assert isinstance(task, ImportedTask)
    assert task.project == project.origin


def test_a_project_that_is_not_in_the_file_is_reported() -> None:
    assert notes_of(Format.NDJSON, line(exported(project_id=3))) == [
        (1, "its project is not in the file, so it is imported without a project")
    ]


def test_the_order_by_hand_is_kept() -> None:
    lines = [line(exported(project_id=None, id=number, position=p)) for number, p in ((1, "b"), (2, "a"), (3, "a1"))]

    assert [task.origin.id for task in tasks_of(Format.NDJSON, "\n".join(lines))] == [2, 3, 1]


def test_the_trash_is_imported_into_the_trash() -> None:
    lines = [line(item, deleted_at=NOW) for item in (home(), exported(project_id=3))]

    items, _ = read(Format.NDJSON, "\n".join(lines))

    assert [item.in_trash for item in items] == [True, True]


def test_the_trash_is_left_out_where_none_is_kept() -> None:
    items, report = read(Format.NDJSON, line(home(), deleted_at=NOW), keeps_trash=False)

    assert (items, report.notes) == ([], [(1, "is in the trash, and this server keeps no deleted tasks")])


def test_a_deletion_has_nothing_to_import() -> None:
    assert notes_of(Format.NDJSON, '{"kind":"task","id":1,"deleted":true,"revision":3}') == [
        (1, "is a deletion, and has nothing to import")
    ]


def test_an_item_is_identified_by_its_owner_its_id_and_its_creation() -> None:
    task = exported(project_id=None)
    variants = [task, task._replace(id=8), task._replace(user_id=BOB), task._replace(created_at=NOW.replace(day=1))]

    origins = {tasks_of(Format.NDJSON, line(each))[0].origin for each in variants}
    changed = tasks_of(Format.NDJSON, line(task._replace(title="changed", revision=10)))[0].origin

    assert len(origins) == 4
    assert changed in origins
    assert {(each.user_id, each.id) for each in origins} == {("alice", 7), ("alice", 8), ("bob", 7)}


def test_a_line_by_hand_needs_only_its_kind_and_a_title() -> None:
    first, second = tasks_of(Format.NDJSON, '{"kind":"task","title":"a"}\n{"kind":"task","title":"b"}\r\n')

    assert first.origin != second.origin
    assert (first.origin.id, first.created_at) == (None, None)


def test_a_very_high_id_identifies_nothing_in_the_own_list() -> None:
    (task,) = tasks_of(Format.NDJSON, line(exported(project_id=None, id=MAX_ORIGIN_ID + 1)))

    assert task.origin == Origin(task.origin.key)


@pytest.mark.parametrize(
    ("content", "faults"),
    [
        ("x", [((1,), "json")]),
        ('{"kind":"task","title":"a"}\n{', [((2,), "json")]),
        ("[" * 100_000, [((1,), "json")]),
        ('["a",' * MAX_LINE, [((1,), "too_long")]),
        ('{"title":"a"}', [((1,), "kind")]),
        ("[]", [((1,), "kind")]),
        ('{"kind":"task"}', [((1, "title"), "missing")]),
        ('{"kind":"task","title":"","colour":1}', [((1, "title"), "text_too_short"), ((1, "colour"), "unknown_field")]),
        ('{"kind":"project","name":"a","archived":1}', [((1, "archived"), "bool_type")]),
        ('{"kind":"task","title":"a","move":"first"}', [((1, "move"), "unknown_field")]),
        ('{"kind":"task","title":"a","created_at":"soon"}', [((1, "created_at"), "timestamp")]),
        (f'{{"kind":"task","title":"a","id":{10**40}}}', [((1, "id"), "whole_number")]),
        (
            '{"kind":"task","title":"a","completed_at":"2026-01-01T00:00:00Z"}',
            [((1, "completed_at"), "not_complete")],
        ),
    ],
)
def test_a_faulty_line_is_refused_with_its_number(content: str, faults: list[object]) -> None:
    assert faults_of(Format.NDJSON, content) == faults
