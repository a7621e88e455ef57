"""A database that is replaced by a backup."""

import asyncio
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.integration.adapters.sql.sqlite.copies import (
    ALICE,
    NOON,
    damage,
    epoch_of,
    make_empty,
    make_foreign,
    make_newer,
    make_text,
    store,
    titles_in,
)
from todo_adapters.sql import migrations
from todo_adapters.sql.migrations import HEAD, schema_version
from todo_adapters.sql.sqlite.backup import BackupFailed, back_up
from todo_adapters.sql.sqlite.repository import SqliteTaskRepository
from todo_adapters.sql.sqlite.restore import restore
from todo_domain import CursorExpired, StorageUnavailable, TaskDraft, revision_floor

OLDEST = "0001"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database that has one task more than its backup, and the latter."""
    folder = tmp_path_factory.mktemp("sample")
    store(folder / "tasks.db", "kept")
    back_up(folder / "tasks.db", folder / "backup.db")
    store(folder / "tasks.db", "lost")
    return folder


@pytest.fixture
def database(sample: Path, tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return Path(shutil.copy(sample / "tasks.db", tmp_path / "data"))


@pytest.fixture
def backup(sample: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(sample / "backup.db", tmp_path))


def files_of(database: Path) -> dict[str, bytes]:
    """Return the content of the database and of its write-ahead log."""
    return {file.name: file.read_bytes() for file in database.parent.iterdir() if not file.name.endswith(".lock")}


@pytest.mark.anyio
async def test_a_restore_brings_back_the_tasks_and_ends_all_feed_tokens(database: Path, backup: Path) -> None:
    async with SqliteTaskRepository(database) as repository:
        token = (await repository.changes(ALICE, None, 10)).next

    epoch = restore(database, backup, at=NOON)

    assert titles_in(database) == ["kept"]
    assert epoch == epoch_of(database) not in {token.epoch, epoch_of(backup)}
    async with SqliteTaskRepository(database) as repository:
        with pytest.raises(CursorExpired):
            await repository.changes(ALICE, token, 10)
        added = await repository.add(ALICE, TaskDraft(title="new"), at=NOON)
    assert added.task.revision > revision_floor(NOON)


def test_the_log_of_the_old_database_does_not_reach_the_new_one(tmp_path: Path, backup: Path) -> None:
    store(tmp_path / "tasks.db", *map(str, range(50)), crashed=tmp_path / "crashed.db")

    restore(tmp_path / "crashed.db", backup, at=NOON)

    assert sorted(path.name for path in tmp_path.glob("crashed.db*")) == ["crashed.db", "crashed.db.lock"]
    assert titles_in(tmp_path / "crashed.db") == ["kept"]


def test_a_copy_over_a_file_with_its_old_log_damages_it(tmp_path: Path, backup: Path) -> None:
    """This is why there is a command."""
    store(tmp_path / "tasks.db", *map(str, range(50)), crashed=tmp_path / "crashed.db")

    (tmp_path / "crashed.db").write_bytes(backup.read_bytes())

    with closing(sqlite3.connect(tmp_path / "crashed.db")) as connection:
        assert connection.execute("SELECT title FROM tasks").fetchall() != [("kept",)]


def test_a_backup_can_be_restored_where_no_database_is(tmp_path: Path, backup: Path) -> None:
    restore(tmp_path / "new.db", backup, at=NOON)

    assert titles_in(tmp_path / "new.db") == ["kept"]
    assert (tmp_path / "new.db").stat().st_mode & 0o777 == 0o600


def test_a_restore_replaces_the_file_behind_a_symbolic_link(database: Path, backup: Path, tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(database)

    restore(tmp_path / "link.db", backup, at=NOON)

    assert titles_in(database) == ["kept"]
    assert (tmp_path / "link.db").is_symlink()


def test_a_backup_with_a_write_ahead_log_of_its_own_is_restored_with_it(database: Path, tmp_path: Path) -> None:
    store(tmp_path / "other.db", "in the log", crashed=tmp_path / "crashed.db")

    restore(database, tmp_path / "crashed.db", at=NOON)

    assert titles_in(database) == ["in the log"]


def test_a_backup_with_an_older_schema_is_migrated(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'older.db'}"
    with monkeypatch.context() as earlier:
        earlier.setattr(migrations, "HEAD", OLDEST)
        migrations.upgrade(url)

    restore(database, tmp_path / "older.db", at=NOON)

    assert schema_version(url) == OLDEST
    assert schema_version(f"sqlite:///{database}") == HEAD


@pytest.mark.anyio
async def test_a_database_in_use_by_a_server_is_not_replaced(database: Path, backup: Path) -> None:
    async with SqliteTaskRepository(database) as repository:
        with pytest.raises(StorageUnavailable, match="is in use: one server process"):
            await asyncio.to_thread(restore, database, backup, at=NOON)

        assert (await repository.get(ALICE, 2)).title == "lost"


def test_a_database_that_another_program_has_open_is_not_replaced(database: Path, backup: Path) -> None:
    with closing(sqlite3.connect(database)) as other:
        other.execute("SELECT * FROM store").fetchall()

        with pytest.raises(BackupFailed, match=r"data/tasks\.db: another program has locked it"):
            restore(database, backup, at=NOON)

    assert titles_in(database) == ["kept", "lost"]


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
def test_what_is_not_a_sound_backup_of_this_program_replaces_nothing(
    database: Path, backup: Path, spoil: Callable[[Path], None], cause: str
) -> None:
    before = files_of(database)
    spoil(backup)

    with pytest.raises(BackupFailed) as failed:
        restore(database, backup, at=NOON)

    assert re.search(rf"backup\.db\b.*{re.escape(cause)}", str(failed.value))
    assert "\n" not in str(failed.value)
    assert files_of(database) == before


@pytest.mark.parametrize(
    ("spoil", "cause"),
    [(make_foreign, "belongs to another program: it has a table notes"), (make_text, "can't be opened: move it")],
)
def test_a_file_that_may_be_of_value_is_not_replaced(
    database: Path, backup: Path, spoil: Callable[[Path], None], cause: str
) -> None:
    spoil(database)
    before = files_of(database)

    with pytest.raises(BackupFailed, match=cause):
        restore(database, backup, at=NOON)

    assert files_of(database) == before


def test_a_database_that_is_damaged_or_newer_than_this_program_can_be_replaced(database: Path, backup: Path) -> None:
    for spoil in (damage, make_newer):
        spoil(database)

        restore(database, backup, at=NOON)

        assert titles_in(database) == ["kept"]
