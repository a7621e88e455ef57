import logging
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.integration.adapters.sql.erasing import KEPT, QUOTAS, TEXTS, erase_in_every_way
from todo_adapters.sql.sqlite.file import claim, connect_reader, connect_writer, fault_of
from todo_adapters.sql.sqlite.repository import SqliteTaskRepository
from todo_domain import StorageUnavailable, TaskDraft, UserId

pytestmark = pytest.mark.anyio

OPEN_AND_PRINT = """
import asyncio, pathlib, sys
from todo_adapters.sql.sqlite.repository import SqliteTaskRepository
from todo_domain import StorageUnavailable
try:
    asyncio.run(SqliteTaskRepository(pathlib.Path(sys.argv[1])).__aenter__())
except StorageUnavailable as error:
    print(error)
"""
ALICE = UserId("alice")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FULL = 2
FILES = {"new.db", "new.db-wal", "new.db-shm", "new.db.lock", "new.db.lock-journal"}


def modes_in(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}


def all_bytes_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_a_second_process_on_a_file_is_refused(sqlite_repository: SqliteTaskRepository, tmp_path: Path) -> None:
    second = [sys.executable, "-c", OPEN_AND_PRINT, str(tmp_path / "todo.db")]

    ended = subprocess.run(second, capture_output=True, text=True, check=True)  # noqa: ASYNC221 - nothing else waits

    assert "todo.db is in use: one server process" in ended.stdout
    await sqlite_repository.check_reads()


def test_a_released_file_can_be_claimed_again(tmp_path: Path) -> None:
    claim(tmp_path / "todo.db").close()

    with closing(claim(tmp_path / "todo.db")) as claimed:
        assert claimed.in_transaction


def test_two_names_of_a_file_are_one_claim(tmp_path: Path) -> None:
    (tmp_path / "todo.db").touch()
    (tmp_path / "link.db").symlink_to(tmp_path / "todo.db")

    with closing(claim(tmp_path / "todo.db")), pytest.raises(StorageUnavailable, match="in use"):
        claim(tmp_path / "link.db")


@pytest.mark.parametrize("name", ["missing/todo.db", "folder"], ids=["in no folder", "a folder"])
async def test_a_path_that_cannot_be_a_file_is_refused_and_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()

    with pytest.raises(StorageUnavailable):
        async with SqliteTaskRepository(tmp_path / name):
            pass


@pytest.mark.parametrize("name", ["todo.db", "todo.db.lock"])
async def test_a_file_that_is_not_a_database_is_refused_and_released(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("no database" * 1000)
    with pytest.raises(StorageUnavailable, match="not an SQLite database"):
        async with SqliteTaskRepository(tmp_path / "todo.db"):
            pass

    (tmp_path / name).unlink()
    async with SqliteTaskRepository(tmp_path / "todo.db") as repository:
        await repository.check_reads()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
async def test_only_the_owner_can_read_the_file_its_log_and_its_lock(tmp_path: Path, umask: int) -> None:
    (tmp_path / "new.db.lock").touch(0o666)
    before = os.umask(umask)
    try:
        async with SqliteTaskRepository(tmp_path / "new.db") as repository:
            await repository.add(ALICE, TaskDraft(title="a"), at=NOON)
            modes = modes_in(tmp_path)
    finally:
        os.umask(before)

    assert modes == dict.fromkeys(FILES, 0o600)


async def test_a_file_that_others_could_read_becomes_private(tmp_path: Path) -> None:
    path = tmp_path / "todo.db"
    path.touch()
    path.chmod(0o644)

    async with SqliteTaskRepository(path):
        assert modes_in(tmp_path)["todo.db"] == 0o600


async def test_a_file_of_another_program_is_refused_and_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE notes (text TEXT)")
    path.chmod(0o644)
    before = path.read_bytes()

    with pytest.raises(StorageUnavailable, match="belongs to another program: it has a table notes"):
        async with SqliteTaskRepository(path):
            pass

    assert (path.read_bytes(), modes_in(tmp_path)["notes.db"]) == (before, 0o644)


def test_a_file_with_a_second_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "todo.db").touch()
    (tmp_path / "link.db").hardlink_to(tmp_path / "todo.db")

    with pytest.raises(StorageUnavailable, match="hard link"):
        claim(tmp_path / "link.db")


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo], ids=["directory", "fifo"])
def test_a_path_that_is_not_a_regular_file_is_refused(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "todo.db")

    with pytest.raises(StorageUnavailable, match=r"todo\.db is not a regular file"):
        claim(tmp_path / "todo.db")


def test_a_damaged_file_is_reported_in_one_line(sqlite_path: Path) -> None:
    content = bytearray(sqlite_path.read_bytes())
    content[100:8000] = bytes(7900)
    sqlite_path.write_bytes(content)

    with closing(sqlite3.connect(sqlite_path)) as connection, pytest.raises(sqlite3.Error) as damaged:
        connection.execute("SELECT * FROM tasks").fetchall()

    assert fault_of(damaged.value) == "it is damaged: restore it from a backup"


def test_a_read_only_file_is_reported_in_one_line(sqlite_path: Path) -> None:
    uri = f"{sqlite_path.as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as connection, pytest.raises(sqlite3.Error) as refused:
        connection.execute("DELETE FROM store")

    assert fault_of(refused.value) == "the file or its folder is read-only"


def test_any_other_fault_has_the_message_of_sqlite() -> None:
    assert fault_of(sqlite3.ProgrammingError("closed")) == "closed"


async def test_the_text_of_an_erased_task_is_nowhere_in_the_file(tmp_path: Path) -> None:
    async with SqliteTaskRepository(tmp_path / "todo.db", QUOTAS) as repository:
        await erase_in_every_way(repository)

    left = all_bytes_in(tmp_path)
    assert KEPT.encode() in left
    assert not [text for text in TEXTS if text in left]


def test_the_writer_survives_power_failures(sqlite_path: Path) -> None:
    with closing(connect_writer(sqlite_path)) as writer:
        pragmas = [writer.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]

    assert pragmas == ["wal", FULL]


def test_the_log_keeps_at_most_4_mib_when_it_starts_again(sqlite_path: Path) -> None:
    with closing(connect_writer(sqlite_path)) as writer:
        assert writer.execute("PRAGMA journal_size_limit").fetchone() == (4 << 20,)


def test_a_reader_cannot_write(sqlite_path: Path) -> None:
    with closing(connect_writer(sqlite_path)), closing(connect_reader(sqlite_path)) as reader:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader.execute("DELETE FROM store")
        reader.execute("SELECT epoch FROM store").fetchone()


async def test_the_epoch_is_logged_when_the_file_is_opened_and_when_it_is_renewed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "todo_adapters")

    async with SqliteTaskRepository(tmp_path / "todo.db") as repository:
        opened = (await repository.changes(ALICE, None, 1)).next.epoch
        renewed = await repository.renew_epoch(at=NOON)

    assert [(record.getMessage(), vars(record)["fields"]["epoch"]) for record in caplog.records] == [
        ("epoch opened", opened),
        ("epoch renewed", renewed),
    ]
