"""What the SQL adapters add to the contract of snapshots: a bounded temporary file, which is read one at a time."""

import asyncio
import sqlite3
import tempfile
import tracemalloc
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.callers import Callers
from tests.long_lists import long_list, store_in_sqlite
from todo_adapters.contract.scenario import new_user
from todo_adapters.sql import snapshots
from todo_adapters.sql.admission import no_caller
from todo_adapters.sql.dialects import SQLITE
from todo_adapters.sql.postgres.database import Database
from todo_adapters.sql.postgres.driver.conninfo import conninfo_of
from todo_adapters.sql.postgres.driver.errors import ConnectionLost
from todo_adapters.sql.postgres.repository import PostgresTaskRepository
from todo_adapters.sql.postgres.snapshot import read_snapshot as read_from_postgres
from todo_adapters.sql.snapshots import Snapshots
from todo_adapters.sql.spool import Space, Spool
from todo_adapters.sql.sqlite.identity import FileIdentity
from todo_adapters.sql.sqlite.long_reads import READER_THREADS, LongReads
from todo_adapters.sql.sqlite.readers import SqliteReader
from todo_adapters.sql.sqlite.repository import SqliteTaskRepository
from todo_adapters.sql.sqlite.snapshot import read_rows
from todo_adapters.sql.sqlite.snapshot import read_snapshot as read_from_sqlite
from todo_domain import Kind, StorageOverloaded, StorageUnavailable, TaskDraft, UserId

pytestmark = pytest.mark.anyio

ALICE = UserId("alice")
AT = datetime(2026, 12, 1, 17, tzinfo=UTC)
DRAFT = TaskDraft(title="Water the plants")
SIZE = 5000
SPACE = 2000


async def read_nothing(_: Spool) -> Sequence[Sequence[int]]:
    return []


def store_long_list(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        store_in_sqlite(connection, ALICE, long_list(ALICE, open_tasks=10, size=SIZE))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_a_snapshot_that_needs_more_space_than_there_is_is_refused_and_frees_what_it_used(
    kind: str, tmp_path: Path, database_url: str
) -> None:
    short, long = new_user(), new_user()
    repository = (
        SqliteTaskRepository(tmp_path / "todo.db", snapshot_bytes=SPACE)
        if kind == "sqlite"
        else PostgresTaskRepository(database_url, snapshot_bytes=SPACE)
    )
    async with repository:
        for user, count in ((short, 1), (long, 20)):
            for number in range(count):
                await repository.add(user, TaskDraft(title=f"{number}" * 100), at=AT)

        with pytest.raises(StorageOverloaded, match=f"at most {SPACE} bytes"):
            await repository.snapshot(long).__aenter__()

        async with repository.snapshot(short) as snapshot:
            assert [[each.id for each in chunk] async for chunk in snapshot.chunks] == [[1]]


async def test_an_open_snapshot_holds_no_connection_to_postgresql(database_url: str) -> None:
    user = new_user()
    async with PostgresTaskRepository(database_url, max_connections=1, timeout_seconds=5) as repository:
        added = await repository.add(user, DRAFT, at=AT)

        async with repository.snapshot(user), repository.snapshot(user):
            assert await repository.get(user, 1) == added.task


async def test_a_snapshot_waits_for_the_one_that_is_being_read(monkeypatch: pytest.MonkeyPatch) -> None:
    taking = Snapshots(SQLITE, SPACE)
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def read_slowly(_: Spool) -> Sequence[Sequence[int]]:
        begun.set()
        await may_end.wait()
        return []

    async def revision_read_by(read: snapshots.Read) -> int:
        async with taking.take(ALICE, read) as snapshot:
            return snapshot.revision

    first = asyncio.create_task(revision_read_by(read_slowly))
    await begun.wait()
    second = asyncio.create_task(revision_read_by(read_nothing))
    await asyncio.sleep(0)
    monkeypatch.setattr(snapshots, "WAIT_SECONDS", 0)
    with pytest.raises(StorageOverloaded):
        await revision_read_by(read_nothing)
    assert not second.done()
    may_end.set()

    assert (await first, await second) == (0, 0)


async def test_a_cancelled_snapshot_gives_way_to_the_next_one() -> None:
    taking = Snapshots(SQLITE, SPACE)

    async def read_forever(_: Spool) -> Sequence[Sequence[int]]:
        await asyncio.Event().wait()
        return []

    first = asyncio.create_task(taking.take(ALICE, read_forever).__aenter__())
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait([first])

    async with taking.take(ALICE, read_nothing) as snapshot:
        assert snapshot.revision == 0


def test_a_snapshot_on_a_full_disk_is_refused_and_frees_its_space(monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full").open("w+b")  # noqa: SIM115 - the spool closes it
    monkeypatch.setattr("todo_adapters.sql.spool.TemporaryFile", lambda **_: full)
    space = Space(SPACE)

    with closing(Spool(space)) as spool:
        spool.write(Kind.TASK, [(1,)])
        with pytest.raises(StorageUnavailable, match="No space left"):
            spool.rewind()

    assert full.closed
    assert space.used_bytes == 0


def test_a_thread_that_writes_after_the_snapshot_was_given_up_takes_no_space() -> None:
    space = Space(SPACE)
    with closing(Spool(space)) as spool:
        spool.write(Kind.TASK, [(1,)])
        assert space.used_bytes > 0

    assert space.used_bytes == 0
    with pytest.raises(StorageUnavailable):
        spool.write(Kind.TASK, [(2,)])
    assert space.used_bytes == 0


def test_without_a_bound_a_snapshot_may_use_any_space() -> None:
    space = Space(0)

    space.take(1 << 40)

    assert space.used_bytes == 1 << 40


async def test_a_snapshot_without_a_place_for_its_file_is_storage_unavailable(
    sqlite_repository: SqliteTaskRepository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))

    with pytest.raises(StorageUnavailable, match="No such file"):
        await sqlite_repository.snapshot(ALICE).__aenter__()


async def test_a_long_snapshot_is_never_all_in_memory(sqlite_path: Path) -> None:
    store_long_list(sqlite_path)
    async with SqliteTaskRepository(sqlite_path) as repository:
        tracemalloc.start()
        async with repository.snapshot(ALICE) as snapshot:
            async for _ in snapshot.chunks:
                pass
        _, most_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert snapshot.count == SIZE
    assert most_bytes < SIZE * 200


async def test_a_snapshot_that_begins_again_for_the_limit_of_the_log_has_each_task_once(sqlite_path: Path) -> None:
    store_long_list(sqlite_path)
    long_reads = LongReads(sqlite_path, Callers().admission(READER_THREADS), timeout_seconds=60)
    reader = SqliteReader(sqlite_path, FileIdentity(sqlite_path), long_reads)
    cleared = 0

    class Interrupted(Spool):
        def clear(self) -> None:
            nonlocal cleared
            cleared += 1
            super().clear()

        def write(self, kind: Kind, rows: Any) -> None:
            super().write(kind, rows)
            if cleared == 1:
                long_reads.restart()

    with closing(Interrupted(Space(0))) as spool:
        counters = await read_from_sqlite(reader, ALICE, spool)
        spool.rewind()
        ids: list[int] = []
        while part := spool.read():
            ids += [row[0] for row in read_rows(part[1]) if part[0] is Kind.TASK]
    await reader.close()

    assert cleared == 2
    assert list(counters) == [(SIZE, 0, SIZE)]
    assert ids == list(range(1, SIZE + 1))


async def test_a_snapshot_that_runs_again_after_a_lost_connection_has_each_task_once(database_url: str) -> None:
    user = new_user()
    database = Database(
        conninfo_of(database_url),
        max_connections=1,
        timeout_seconds=5,
        prepare_threshold=None,
        caller=no_caller,
        observe=None,
    )
    async with PostgresTaskRepository(database_url) as repository:
        await repository.add(user, DRAFT, at=AT)
    lost = 0

    class LosesTheConnection(Spool):
        def write(self, kind: Kind, rows: Any) -> None:
            nonlocal lost
            super().write(kind, rows)
            if kind is Kind.TASK and not lost:
                lost += 1
                raise ConnectionLost("gone")

    with closing(LosesTheConnection(Space(0))) as spool:
        counters = await read_from_postgres(database, user, spool)
        spool.rewind()
        tasks, nothing = spool.read(), spool.read()
    await database.close()

    assert lost == 1
    assert counters == [(1, 0, 1)]
    assert tasks is not None
    assert len(tasks[1]) == 1
    assert nothing is None
