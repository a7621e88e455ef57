"""`todo-api import`: the same files as over HTTP, without a server."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.cli.conftest import Run
from tests.unit.api.imports.reading import FILES
from todo_api.cli import imports
from todo_api.container import assemble
from todo_api.settings import read_settings
from todo_domain import TaskQuery, UserId

ALICE = ("import", "--user", "alice")


async def count(user: str = "alice") -> int:
    async with assemble(read_settings()).task_repository() as repository:
        return len((await repository.list(UserId(user), TaskQuery())).tasks)


@pytest.fixture
def ndjson(tmp_path: Path) -> Path:
    path = tmp_path / "tasks.ndjson"
    path.write_text("".join(f'{{"kind":"task","title":"{number}"}}\n' for number in range(250)))
    return path


def test_a_file_is_imported_once_and_its_suffix_names_the_format(todo_api: Run, ndjson: Path) -> None:
    first, again = (todo_api(*ALICE, ndjson) for _ in range(2))

    assert (first.status, first.out, first.err) == (
        0,
        "250 tasks and projects were added, 0 were there already\n",
        "",
    )
    assert again.out == "0 tasks and projects were added, 250 were there already\n"
    assert asyncio.run(count()) == 250


def test_a_user_whose_content_was_erased_can_import_it_again(todo_api: Run, ndjson: Path) -> None:
    todo_api(*ALICE, ndjson)
    erased = todo_api("erase", "--user", "alice")

    assert erased.status == 0, erased.err
    assert todo_api(*ALICE, ndjson).out == "250 tasks and projects were added, 0 were there already\n"


@pytest.mark.parametrize(
    ("age", "reason"),
    [
        # As if the import had begun before the erasure.
        (timedelta(hours=-1), "everything of the user was erased during the import"),
        (timedelta(), "everything of the user is being erased"),
    ],
)
def test_an_import_of_a_user_who_is_erased_meanwhile_ends_with_status_1(
    todo_api: Run, ndjson: Path, age: timedelta, reason: str
) -> None:
    todo_api(*ALICE, ndjson)

    async def erase() -> None:
        async with assemble(read_settings()).task_repository() as repository:
            await repository.erase_user(UserId("alice"), at=datetime.now(UTC) - age, limit=1)

    asyncio.run(erase())
    ended = todo_api(*ALICE, ndjson)

    assert (ended.status, ended.out, ended.err) == (1, "", f"todo-api: {reason}\n")
    assert asyncio.run(count()) == 0


def test_what_does_not_fit_is_reported_row_by_row(todo_api: Run) -> None:
    ended = todo_api(*ALICE, FILES / "takeout.json", "--format", "takeout")

    assert (ended.status, ended.out) == (0, "5 tasks and projects were added, 0 were there already\n")
    assert ended.err.splitlines()[-1] == "row 6: is empty"


def test_more_notes_than_are_reported_are_counted(todo_api: Run, tmp_path: Path) -> None:
    (tmp_path / "many.csv").write_text("TYPE,CONTENT,DATE\n" + "task,a,every day\n" * 130)

    assert todo_api(*ALICE, "many.csv").err.endswith("30 more notes are not shown\n")


def test_a_faulty_file_imports_nothing_and_ends_with_status_1(todo_api: Run, ndjson: Path) -> None:
    with ndjson.open("a") as file:
        file.write("x\n")

    ended = todo_api(*ALICE, ndjson)

    assert (ended.status, ended.out, ended.err) == (1, "", "row 251: is not JSON\n")
    assert asyncio.run(count()) == 0


def test_a_file_in_another_encoding_ends_with_status_1(todo_api: Run, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("TYPE,CONTENT".encode("utf-16"))

    ended = todo_api(*ALICE, "a.csv")

    assert (ended.status, ended.err) == (1, "the file is in UTF-16; save it in UTF-8\n")


def test_an_import_beyond_a_quota_imports_nothing_and_ends_with_status_1(todo_api: Run, ndjson: Path) -> None:
    ended = todo_api(*ALICE, ndjson, TODO_MAX_OPEN_TASKS="249")

    assert (ended.status, ended.err) == (1, "todo-api: a user can have at most 249 open tasks\n")
    assert asyncio.run(count()) == 0


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--user", "alice", "a.json"), "--format: must be one of ndjson, todoist, vikunja, takeout, ical"),
        (("--user", "a b", "a.csv"), "user_id: must have 1 to 128"),
    ],
)
def test_wrong_arguments_end_with_status_2(
    todo_api: Run, tmp_path: Path, arguments: tuple[str, ...], line: str
) -> None:
    for name in ("a.json", "a.csv"):
        (tmp_path / name).write_text("TYPE,CONTENT")

    ended = todo_api("import", *arguments)

    assert ended.status == 2
    assert ended.err.startswith(f"todo-api: {line}")


def test_a_terminal_shows_the_progress(todo_api: Run, ndjson: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "_is_terminal", lambda: True)

    ended = todo_api(*ALICE, ndjson)

    assert "importing" in ended.err
    assert "importing" not in ended.out
