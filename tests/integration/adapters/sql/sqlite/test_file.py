import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from todo_adapters.sql.sqlite.file import claim, connect_reader, connect_writer
from todo_adapters.sql.sqlite.repository import SqliteTaskRepository
from todo_domain import StorageUnavailable, TaskDraft, TaskNotFound, UserId, revision_floor

pytestmark = pytest.mark.anyio

OPEN_AND_SAY = """
import asyncio, pathlib, sys
from todo_adapters.sql.sqlite.repository import SqliteTaskRepository
from todo_domain import StorageUnavailable
try:
    asyncio.run(SqliteTaskRepository(pathlib.Path(sys.argv[1])).open())
except StorageUnavailable as error:
    print(error)
"""
ALICE = UserId("alice")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FULL = 2


def all_bytes_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_a_second_process_is_told_that_the_file_is_in_use(
    sqlite_repository: SqliteTaskRepository, tmp_path: Path
) -> None:
    second = [sys.executable, "-c", OPEN_AND_SAY, str(tmp_path / "todo.db")]

    said = subprocess.run(second, capture_output=True, text=True, check=True)  # noqa: ASYNC221 - nothing else waits

    assert "todo.db is in use: one server process" in said.stdout
    await sqlite_repository.check()


def test_a_file_that_was_let_go_can_be_claimed_again(tmp_path: Path) -> None:
    claim(tmp_path / "todo.db").close()

    with closing(claim(tmp_path / "todo.db")) as claimed:
        assert claimed.in_transaction


def test_two_names_of_a_file_are_one_claim(tmp_path: Path) -> None:
    (tmp_path / "todo.db").touch()
    (tmp_path / "link.db").symlink_to(tmp_path / "todo.db")

    with closing(claim(tmp_path / "todo.db")), pytest.raises(StorageUnavailable, match="in use"):
        claim(tmp_path / "link.db")


@pytest.mark.parametrize("name", ["missing/todo.db", "folder"], ids=["in no folder", "a folder"])
async def test_a_path_that_can_not_be_a_file_is_refused_by_name(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()

    with pytest.raises(StorageUnavailable):
        await SqliteTaskRepository(tmp_path / name).open()


@pytest.mark.parametrize("name", ["todo.db", "todo.db.lock"])
async def test_a_file_of_something_else_is_refused_and_let_go(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("no database" * 1000)
    with pytest.raises(StorageUnavailable, match="not a database"):
        await SqliteTaskRepository(tmp_path / "todo.db").open()

    (tmp_path / name).unlink()
    repository = SqliteTaskRepository(tmp_path / "todo.db")
    await repository.open()

    await repository.close()


async def test_what_was_kept_is_there_when_the_file_is_opened_again(tmp_path: Path) -> None:
    first = SqliteTaskRepository(tmp_path / "todo.db")
    await first.open()
    epoch = await first.renew_epoch(at=NOON)
    await first.close()

    again = SqliteTaskRepository(tmp_path / "todo.db")
    await again.open()

    assert (await again.changes(ALICE, None, 1)).next.epoch == epoch
    assert (await again.add(ALICE, TaskDraft(title="a"), at=NOON)).task.revision == revision_floor(NOON) + 1
    await again.close()


async def test_the_text_of_a_removed_task_is_nowhere_in_the_file(tmp_path: Path) -> None:
    repository = SqliteTaskRepository(tmp_path / "todo.db")
    await repository.open()
    for title in ("Buy milk", "Tell nobody"):
        await repository.add(ALICE, TaskDraft(title=title, description="A long story. " * 70), at=NOON)

    await repository.remove(ALICE, 2, at=NOON)
    await repository.close()

    left = all_bytes_in(tmp_path)
    assert b"Buy milk" in left
    assert b"Tell nobody" not in left


async def test_a_closed_repository_says_so(tmp_path: Path) -> None:
    repository = SqliteTaskRepository(tmp_path / "todo.db")
    await repository.open()
    with pytest.raises(TaskNotFound):
        await repository.get(ALICE, 1)

    await repository.close()

    with pytest.raises(StorageUnavailable):
        await repository.get(ALICE, 1)
    with pytest.raises(StorageUnavailable, match="closed"):
        await repository.check()


def test_the_writer_survives_power_failures(sqlite_path: Path) -> None:
    with closing(connect_writer(sqlite_path)) as writer:
        pragmas = [writer.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]

    assert pragmas == ["wal", FULL]


def test_a_reader_can_not_write(sqlite_path: Path) -> None:
    with closing(connect_writer(sqlite_path)), closing(connect_reader(sqlite_path)) as reader:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader.execute("DELETE FROM store")
        reader.execute("SELECT epoch FROM store").fetchone()
