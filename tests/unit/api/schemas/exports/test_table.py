import csv
import io
from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from tests.unit.domain.strategies import task
from todo_api.schemas.exports.table import COLUMNS, CsvExport
from todo_domain import (
    ChecklistItem,
    CountedFrom,
    Due,
    Project,
    ProjectDraft,
    RecurrenceDraft,
    Task,
    TaskDraft,
    TrashedProject,
    TrashedTask,
    UserId,
)

AT = datetime(2026, 12, 1, 17, tzinfo=UTC)
ALICE = UserId("alice")
FULL = Task.from_draft(
    TaskDraft(
        title="Buy milk",
        description='first "line"\nsecond, line',
        due=Due(date(2026, 12, 1), time(9), "Europe/Berlin"),
        recurrence=RecurrenceDraft("FREQ=DAILY;INTERVAL=2", CountedFrom.COMPLETION),
        tags=("shop", "home"),
        checklist=(ChecklistItem("oat", complete=True), ChecklistItem("soy")),
        project_id=2,
    ),
    user_id=ALICE,
    id=7,
    revision=9,
    at=AT,
)
PROJECT = Project.from_draft(ProjectDraft(name="Household", archived=True), user_id=ALICE, id=2, revision=3, at=AT)


def written(*content: Any) -> bytes:
    form = CsvExport()
    return form.begin() + form.write(content[:1]) + form.write(content[1:]) + form.end()


def rows_of(*content: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(written(*content).decode("utf-8-sig"), newline="")))


def test_a_task_has_a_column_for_each_part_that_a_person_can_read() -> None:
    project, row = rows_of(PROJECT, FULL)

    assert row == {
        **dict.fromkeys(COLUMNS, ""),
        "kind": "task",
        "id": "7",
        "title": "Buy milk",
        "description": 'first "line"\nsecond, line',
        "complete": "false",
        "priority": "medium",
        "due_date": "2026-12-01",
        "due_time": "09:00",
        "due_timezone": "Europe/Berlin",
        "recurrence": "FREQ=DAILY;INTERVAL=2",
        "recurrence_from": "completion",
        "tags": "shop; home",
        "checklist": "[x] oat\n[ ] soy",
        "project_id": "2",
        "project": "Household",
        "position": FULL.position,
        "created_at": "2026-12-01T17:00:00Z",
        "updated_at": "2026-12-01T17:00:00Z",
        "revision": "9",
    }
    assert (project["kind"], project["id"], project["title"], project["archived"]) == (
        "project",
        "2",
        "Household",
        "true",
    )


def test_every_field_of_a_task_is_in_a_column() -> None:
    of_parts = {"due": "due_date", "user_id": "kind", "succeeds": "recurrence"}

    assert {of_parts.get(name, name) for name in Task._fields} <= set(COLUMNS)


def test_what_is_in_the_trash_has_the_time_of_its_deletion() -> None:
    project, row = rows_of(TrashedProject(PROJECT, AT), TrashedTask(FULL, AT, 2))

    assert (project["deleted_at"], row["deleted_at"]) == ("2026-12-01T17:00:00Z",) * 2
    assert row["project"] == "Household"


def test_the_project_of_a_task_is_empty_if_it_is_not_in_the_export() -> None:
    (row,) = rows_of(FULL)

    assert (row["project_id"], row["project"]) == ("2", "")


def test_lines_end_as_rfc_4180_says_and_the_file_begins_with_a_byte_order_mark() -> None:
    content = written(task())

    assert content.startswith(b'\xef\xbb\xbf"kind","id",')
    assert content.count(b"\r\n") == 2
    assert content.endswith(b'"\r\n')


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20", " =", "\u00a0@"]
)
def test_no_cell_begins_as_a_formula_of_a_spreadsheet(start: str) -> None:
    text = f"{start}1+1"
    formula = task(project_id=2)._replace(title=text, description=text, tags=(text,))

    project, row = rows_of(PROJECT._replace(name=text), formula)

    assert project["title"] == row["project"] == f"'{text}"
    assert (row["title"], row["description"], row["tags"]) == (f"'{text}",) * 3


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("\n+1", "'\n'+1"),
        ("a\r\n= 1\n- 2", "a\r\n'= 1\n'- 2"),
        ("a; @b;;=1;\t=2", "a;' @b;;'=1;\t'=2"),
    ],
)
def test_nothing_in_a_cell_begins_as_a_formula_if_the_separator_is_a_semicolon(text: str, cell: str) -> None:
    (row,) = rows_of(task(description=text))

    assert row["description"] == cell


def test_a_tag_can_not_begin_a_formula() -> None:
    (row,) = rows_of(task(tags=("a", "=1+1")))

    assert row["tags"] == "a;' =1+1"


@pytest.mark.parametrize("text", ["a=1", "1+1", "a-b", "a@b", "'=1", '"=1', "[=]", "\u2212"])
def test_other_text_is_unchanged(text: str) -> None:
    (row,) = rows_of(task(title=text))

    assert row["title"] == text
