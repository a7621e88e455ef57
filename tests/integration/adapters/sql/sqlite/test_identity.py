"""A file that is deleted, replaced or truncated while the repository is open."""

import os
import shutil
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from todo_adapters.sql.migrations import upgrade
from todo_adapters.sql.sqlite.file import claim
from todo_adapters.sql.sqlite.identity import FileIdentity
from todo_adapters.sql.sqlite.repository import SqliteTaskRepository
from todo_domain import StorageUnavailable, TaskDraft, UserId

pytestmark = pytest.mark.anyio

ALICE = UserId("alice")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DRAFT = TaskDraft(title="Buy milk")


def replace(path: Path) -> None:
    other = path.with_name("other.db")
    upgrade(f"sqlite:///{other}")
    other.replace(path)


def move(path: Path) -> None:
    """Rename the file through a hard link, so that another process can claim it under the new name."""
    path.with_name("moved.db").hardlink_to(path)
    path.unlink()


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 4096)


def empty(path: Path) -> None:
    os.truncate(path, 0)


every_loss = pytest.mark.parametrize("lose", [Path.unlink, replace, move, truncate, empty])


@every_loss
async def test_no_write_to_a_lost_file_is_acknowledged(tmp_path: Path, lose: Callable[[Path], None]) -> None:
    path = tmp_path / "todo.db"
    async with SqliteTaskRepository(path) as repository:
        await repository.add(ALICE, DRAFT, at=NOON)
        lose(path)

        for write in (lambda: repository.add(ALICE, DRAFT, at=NOON), repository.check_writes):
            with pytest.raises(StorageUnavailable, match="restart the server"):
                await write()


@every_loss
async def test_the_check_of_reads_notices_a_lost_file_and_every_later_read_fails(
    tmp_path: Path, lose: Callable[[Path], None]
) -> None:
    path = tmp_path / "todo.db"
    async with SqliteTaskRepository(path) as repository:
        await repository.add(ALICE, DRAFT, at=NOON)
        lose(path)

        for read in (repository.check_reads, lambda: repository.get(ALICE, 1)):
            with pytest.raises(StorageUnavailable, match="restart the server"):
                await read()


async def test_closing_a_lost_file_leaves_the_file_that_replaced_it_untouched(tmp_path: Path) -> None:
    path = tmp_path / "todo.db"
    async with SqliteTaskRepository(path) as repository:
        await repository.add(ALICE, DRAFT, at=NOON)
        move(path)
        before = path.with_name("moved.db").read_bytes()
        with closing(claim(path.with_name("moved.db"))):
            pass

    assert path.with_name("moved.db").read_bytes() == before


def test_a_file_that_grows_is_not_lost(tmp_path: Path) -> None:
    path = tmp_path / "todo.db"
    path.touch()
    identity = FileIdentity(path)

    for size in (4096, 8192):
        os.truncate(path, size)
        identity.verify()


def test_a_file_that_comes_back_stays_lost(tmp_path: Path) -> None:
    path = tmp_path / "todo.db"
    path.touch()
    identity = FileIdentity(path)
    shutil.move(path, tmp_path / "moved.db")
    with pytest.raises(StorageUnavailable):
        identity.verify()

    shutil.move(tmp_path / "moved.db", path)

    for look in (identity.verify, identity.require):
        with pytest.raises(StorageUnavailable):
            look()
