import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from tests.callers import Callers
from todo_adapters.sql.sqlite.identity import FileIdentity
from todo_adapters.sql.sqlite.long_reads import READER_THREADS, LongReads
from todo_adapters.sql.sqlite.readers import SqliteReader
from todo_domain import StorageUnavailable

pytestmark = pytest.mark.anyio

COUNT = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :last) SELECT max(i) FROM n"
LONG = 100_000
ENDLESS = 1 << 60


@asynccontextmanager
async def reading(path: Path) -> AsyncIterator[SqliteReader]:
    path.touch()  # noqa: ASYNC240 - nothing else waits
    long_reads = LongReads(path, Callers().admission(READER_THREADS), timeout_seconds=60)
    reader = SqliteReader(path, FileIdentity(path), long_reads)
    try:
        yield reader
    finally:
        await reader.close()


@pytest.fixture
async def reader(anyio_backend: str, tmp_path: Path) -> AsyncIterator[SqliteReader]:  # noqa: ARG001 - runs this fixture
    async with reading(tmp_path / "todo.db") as reader:
        yield reader


def count(reader: SqliteReader, last: int, **user: str) -> "asyncio.Task[list[tuple[int]]]":
    return asyncio.create_task(reader.read(COUNT, {"last": last, **user}))


@pytest.mark.parametrize(("last", "order"), [(10, ["read", "loop"]), (LONG, ["loop", "read"])], ids=["short", "long"])
async def test_a_short_read_runs_in_the_event_loop_and_a_long_one_in_a_thread(
    reader: SqliteReader, last: int, order: list[str]
) -> None:
    seen: list[str] = []
    asyncio.get_running_loop().call_soon(seen.append, "loop")

    rows = await reader.read(COUNT, {"last": last})
    seen.append("read")
    await asyncio.sleep(0)

    assert rows == [(last,)]
    assert seen == order


async def test_a_short_read_after_a_long_one_is_short_again(reader: SqliteReader) -> None:
    await reader.read(COUNT, {"last": LONG})
    reading = reader.read(COUNT, {"last": 10})

    with pytest.raises(StopIteration) as done:  # a coroutine that never waits ends at its first step
        reading.send(None)

    assert done.value.value == [(10,)]


async def test_reads_end_at_their_deadlines_and_release_their_threads(tmp_path: Path) -> None:
    path = tmp_path / "todo.db"
    path.touch()
    long_reads = LongReads(path, Callers().admission(READER_THREADS), timeout_seconds=0.05)
    reader = SqliteReader(path, FileIdentity(path), long_reads)

    # More than there are threads: those that wait for one have a deadline too.
    outcomes = await asyncio.gather(*(count(reader, ENDLESS) for _ in range(5)), return_exceptions=True)
    long_reads.timeout_seconds = 60
    after = await asyncio.gather(*(count(reader, LONG) for _ in range(READER_THREADS)))
    await reader.close()

    assert [str(outcome) for outcome in outcomes] == ["SQLite: the read did not end in time"] * 5
    assert after == [[(LONG,)]] * READER_THREADS


async def test_cancelled_reads_release_their_threads_and_do_not_affect_others(reader: SqliteReader) -> None:
    for _ in range(4):
        abandoned, wanted = count(reader, ENDLESS), count(reader, 5 * LONG)
        waiting = count(reader, LONG)
        await asyncio.sleep(0.01)
        abandoned.cancel()

        assert [await wanted, await waiting] == [[(5 * LONG,)], [(LONG,)]]
        assert abandoned.cancelled()


async def test_reads_wait_for_a_thread_in_order_of_arrival(reader: SqliteReader) -> None:
    running = [count(reader, ENDLESS) for _ in range(READER_THREADS)]
    ended: list[object] = []
    waiting = [count(reader, LONG) for _ in range(5)]
    for read in waiting:
        read.add_done_callback(ended.append)
    await asyncio.sleep(0)

    running[0].cancel()
    await asyncio.gather(*waiting)
    running[1].cancel()

    assert ended == waiting


async def test_a_read_begins_in_a_thread_while_one_of_the_same_kind_and_user_is_there(reader: SqliteReader) -> None:
    endless = count(reader, ENDLESS, user_id="a")
    await asyncio.sleep(0)

    same, other = count(reader, 10, user_id="a"), count(reader, 10, user_id="b")
    await asyncio.sleep(0)

    assert (same.done(), other.done()) == (False, True)
    endless.cancel()
    assert await same == [(10,)]


async def test_closing_ends_the_reads_that_run_or_wait(tmp_path: Path) -> None:
    async with reading(tmp_path / "todo.db") as reader:
        reads = [count(reader, ENDLESS) for _ in range(2 * READER_THREADS)]
        await asyncio.sleep(0)

    outcomes = await asyncio.gather(*reads, return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["SQLite: interrupted"] * len(reads)


async def test_a_read_waits_for_a_lock_without_blocking_the_event_loop(reader: SqliteReader, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "todo.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        locked_out = asyncio.create_task(reader.read("SELECT count(*) FROM sqlite_schema", {}))
        await asyncio.sleep(0)
        other.execute("COMMIT")

    assert await locked_out == [(0,)]


@pytest.mark.parametrize("sql", ["SELECT nothing", "DROP TABLE nothing"])
async def test_an_error_of_sqlite_is_storage_unavailable(reader: SqliteReader, sql: str) -> None:
    with pytest.raises(StorageUnavailable):
        await reader.read(sql, {})


async def test_a_closed_reader_is_storage_unavailable(reader: SqliteReader) -> None:
    await reader.close()

    with pytest.raises(StorageUnavailable):
        await reader.read("SELECT 1", {})


async def test_a_long_read_does_not_open_another_file_at_the_path(reader: SqliteReader, tmp_path: Path) -> None:
    (tmp_path / "todo.db").rename(tmp_path / "moved.db")
    (tmp_path / "todo.db").touch()

    for last in (LONG, 10):
        with pytest.raises(StorageUnavailable, match="was deleted, replaced or truncated"):
            await reader.read(COUNT, {"last": last})
