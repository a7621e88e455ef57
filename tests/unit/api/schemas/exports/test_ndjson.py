import json
from datetime import UTC, datetime
from typing import Any

from tests.unit.domain.strategies import task
from todo_api.schemas.changes import ProjectChange, TaskChange
from todo_api.schemas.exports.ndjson import NdjsonExport
from todo_api.schemas.trash import TrashedProjectResponse, TrashedTaskResponse
from todo_domain import Project, ProjectDraft, TrashedProject, TrashedTask, UserId

AT = datetime(2026, 12, 1, 17, tzinfo=UTC)
TASK = task(project_id=2)
PROJECT = Project.from_draft(ProjectDraft(name="Household"), user_id=UserId("alice"), id=2, revision=3, at=AT)


def lines_of(*content: Any) -> list[dict[str, Any]]:
    form = NdjsonExport()
    written = form.begin() + form.write(content) + form.end()
    assert written.endswith(b"\n")
    return [json.loads(line) for line in written.splitlines()]


def test_each_line_is_a_change_of_the_feed() -> None:
    project, line = lines_of(PROJECT, TASK)

    assert ProjectChange.model_validate(project).name == "Household"
    assert TaskChange.model_validate(line).project_id == 2
    assert set(line) == set(TaskChange.model_fields)
    assert set(project) == set(ProjectChange.model_fields)


def test_what_is_in_the_trash_has_the_time_of_its_deletion_and_its_project() -> None:
    project, line = lines_of(TrashedProject(PROJECT, AT), TrashedTask(TASK, AT, 2))

    assert project == {**lines_of(PROJECT)[0], "deleted_at": "2026-12-01T17:00:00Z"}
    assert line == {**lines_of(TASK)[0], "deleted_at": "2026-12-01T17:00:00Z"}
    assert set(line) == {*TrashedTaskResponse.model_fields, "kind"}
    assert set(project) == {*TrashedProjectResponse.model_fields, "kind"}


def test_an_export_of_nothing_is_empty() -> None:
    form = NdjsonExport()

    assert form.begin() + form.end() == b""
