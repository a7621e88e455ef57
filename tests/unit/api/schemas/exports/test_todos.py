from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from tests.unit.api.schemas.icalendar.calendars import as_todos, read
from tests.unit.domain.strategies import task
from todo_api.schemas.exports.todos import TodoExport
from todo_domain import Due, Project, ProjectDraft, TaskPatch, TrashedProject, TrashedTask, UserId

AT = datetime(2026, 12, 1, 17, tzinfo=UTC)
BERLIN = Due(date(2026, 12, 1), time(9), "Europe/Berlin")
PROJECT = Project.from_draft(ProjectDraft(name="House; garden"), user_id=UserId("alice"), id=2, revision=3, at=AT)
OPEN = task("Open", due=BERLIN)
DONE = task("Done", due=BERLIN).patched(TaskPatch(complete=True), AT)


def written(*chunks: Any) -> str:
    writer = TodoExport()
    return b"".join([writer.begin(), *map(writer.write, chunks), writer.end()]).decode()


def test_an_export_has_the_to_do_of_each_task_with_each_time_zone_once() -> None:
    assert written([OPEN], [DONE]) == as_todos(OPEN, DONE)
    assert [todo.summary.value for todo in read(written([OPEN], [DONE])).vtodo_list] == ["Open", "Done"]


def test_a_task_in_the_trash_is_cancelled_whether_or_not_it_was_completed() -> None:
    text = written([TrashedTask(OPEN, AT), TrashedTask(DONE._replace(id=2), AT), DONE._replace(id=3)])

    assert [todo.status.value for todo in read(text).vtodo_list] == ["CANCELLED", "CANCELLED", "COMPLETED"]
    assert [hasattr(todo, "completed") for todo in read(text).vtodo_list] == [False, True, True]


def test_a_to_do_has_the_name_of_its_project_also_of_one_in_the_trash() -> None:
    tasks = [task(project_id=2), task(project_id=5), task(project_id=7), task()]
    other = TrashedProject(PROJECT._replace(id=5, name="Old"), AT + timedelta(days=1))

    text = written([PROJECT, other], tasks)

    assert text.count("BEGIN:VTODO") == 4
    assert [line for line in text.splitlines() if line.startswith("X-TODO")] == [
        r"X-TODO-PROJECT:House\; garden",
        "X-TODO-PROJECT:Old",
    ]
