"""Backups of an SQLite file, also while it is written to."""

import asyncio
import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from tests.integration.adapters.sql.sqlite.copies import (
    ALICE,
    NOON,
    damage,
    make_empty,
    make_foreign,
    make_newer,
    make_text,
    store,
    titles_in,
)
from todo_adapters.sql.sqlite import backup
from todo_adapters.sql.sqlite.backup import BackupFailed, back_up
from todo_adapters.sql.sqlite.file import connect_reader
from todo_adapters.sql.sqlite.repository import SqliteTaskRepository
from todo_adapters.sql.sqlite.restore import restore
from todo_domain import StorageUnavailable, TaskDraft, TaskQuery, UserId


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "tasks.db"
    store(path, "Buy milk")
    return path


@pytest.fixture
def database(sample: Path, tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return Path(shutil.copy(sample, tmp_path / "data"))


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups" / "tasks.db"


async def write_endlessly(repository: SqliteTaskRepository, user: UserId, acknowledged: dict[UserId, int]) -> None:
    for number in count(1):
        await repository.add(user, TaskDraft(title=f"Task {number}"), at=NOON)
        acknowledged[user] = number


@pytest.mark.anyio
async def test_a_backup_under_load_has_every_write_that_was_acknowledged_before(tmp_path: Path) -> None:
    acknowledged = dict.fromkeys(map(UserId, "abcdefgh"), 0)
    began_with = []
    async with SqliteTaskRepository(tmp_path / "tasks.db") as repository:
        writes = [asyncio.create_task(write_endlessly(repository, user, acknowledged)) for user in acknowledged]
        for number in range(5):
            await asyncio.sleep(0.02)
            began_with.append(dict(acknowledged))
            await asyncio.to_thread(back_up, tmp_path / "tasks.db", tmp_path / f"backup-{number}.db")
        for write in writes:
            write.cancel()
        await asyncio.wait(writes)
        final = {user: (await repository.list(user, TaskQuery())).tasks for user in acknowledged}

    for number, known in enumerate(began_with):
        restore(tmp_path / "restored.db", tmp_path / f"backup-{number}.db", at=NOON)
        async with SqliteTaskRepository(tmp_path / "restored.db") as restored:
            for user in acknowledged:
                found = (await restored.list(user, TaskQuery())).tasks
                assert len(found) >= known[user]
                assert found == final[user][: len(found)]
            added = await restored.add(ALICE, TaskDraft(title="after"), at=NOON)
            assert await restored.get(ALICE, added.task.id) == added.task
    assert all(known.values())


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_a_backup_is_one_file_that_only_its_owner_can_read(database: Path, target: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        back_up(database, target)
    finally:
        os.umask(before)

    assert titles_in(target) == ["Buy milk"]
    assert list(target.parent.iterdir()) == [target]
    assert target.stat().st_mode & 0o777 == 0o600


def test_a_backup_has_the_writes_in_the_log_that_a_crash_left(tmp_path: Path, target: Path) -> None:
    store(tmp_path / "tasks.db", "Buy milk", crashed=tmp_path / "crashed.db")

    back_up(tmp_path / "crashed.db", target)

    assert titles_in(target) == ["Buy milk"]


def test_an_existing_file_is_replaced_only_on_request(database: Path, target: Path) -> None:
    target.write_text("older")

    with pytest.raises(BackupFailed, match=r"backups/tasks\.db exists: .*--overwrite"):
        back_up(database, target)
    refused = target.read_text()
    back_up(database, target, overwrite=True)

    assert refused == "older"
    assert titles_in(target) == ["Buy milk"]


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal", ".lock"])
def test_a_backup_never_replaces_a_file_of_the_database(database: Path, suffix: str) -> None:
    with pytest.raises(BackupFailed, match="belongs to the database"):
        back_up(database, Path(f"{database}{suffix}"), overwrite=True)

    assert titles_in(database) == ["Buy milk"]


@pytest.mark.parametrize("suffix", ["-wal", "-journal"])
def test_a_backup_never_gets_the_name_that_belongs_to_the_log_of_another_file(
    database: Path, target: Path, suffix: str
) -> None:
    Path(f"{target}{suffix}").touch()

    with pytest.raises(BackupFailed, match=f"tasks.db{suffix} exists"):
        back_up(database, target)


@pytest.mark.parametrize(
    ("spoil", "cause"),
    [
        (Path.unlink, "No such file or directory"),
        (make_empty, "is empty"),
        (make_text, "it is not an SQLite database, or it is damaged"),
        (make_foreign, "the database belongs to another program: it has a table notes"),
        (make_newer, "the database has schema"),
        (damage, "is damaged: "),
    ],
)
def test_what_is_not_a_sound_database_of_this_program_is_not_backed_up(
    database: Path, target: Path, spoil: Callable[[Path], None], cause: str
) -> None:
    target.write_text("older")
    spoil(database)

    with pytest.raises(BackupFailed) as failed:
        back_up(database, target, overwrite=True)

    assert re.search(rf"data/tasks\.db\b.*{re.escape(cause)}", str(failed.value))
    assert "\n" not in str(failed.value)
    assert [(file, file.read_text()) for file in target.parent.iterdir()] == [(target, "older")]


def test_a_database_that_another_program_locks_is_not_waited_for(
    database: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup, "connect_reader", partial(connect_reader, busy_seconds=0))
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN EXCLUSIVE")

        with pytest.raises(BackupFailed, match="another program has locked it"):
            back_up(database, target)


def test_a_file_that_is_replaced_during_the_opening_is_not_backed_up(
    database: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def open_and_replace(path: Path) -> sqlite3.Connection:
        opened = connect_reader(path)
        store(path.with_name("other.db"))
        path.with_name("other.db").replace(path)
        return opened

    monkeypatch.setattr(backup, "connect_reader", open_and_replace)

    with pytest.raises(StorageUnavailable, match="replaced"):
        back_up(database, target)


def test_a_folder_that_does_not_exist_is_reported(database: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match=r"nowhere/tasks\.db: No such file or directory"):
        back_up(database, tmp_path / "nowhere" / "tasks.db")
