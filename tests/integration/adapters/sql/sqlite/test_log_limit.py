"""The size of the write-ahead log while other connections read."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.callers import Callers
from todo_adapters.sql.sqlite.file import connect_reader, connect_writer
from todo_adapters.sql.sqlite.identity import FileIdentity
from todo_adapters.sql.sqlite.log_limit import LogLimit
from todo_adapters.sql.sqlite.long_reads import READER_THREADS, LongReads
from todo_adapters.sql.sqlite.writer import MAX_GROUP, SqliteWriter

pytestmark = pytest.mark.anyio

LIMIT = 256 << 10
WRITTEN = 4 * LIMIT
CHUNK = 32 << 10
ENDLESS = "SELECT count(*) FROM blob, (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT i FROM n)"


class Log:
    """A writer of big rows, the size of its log, and reads in threads."""

    def __init__(self, path: Path, wait_seconds: float) -> None:
        self.path = path
        path.touch()
        connection = connect_writer(path)
        connection.execute("CREATE TABLE blob (b BLOB)")
        self.reads = LongReads(path, Callers().admission(READER_THREADS), timeout_seconds=60)
        log_limit = LogLimit(
            connection, path, self.reads.restart, limit_bytes=LIMIT, wait_seconds=wait_seconds, check_seconds=0
        )
        self.writer = SqliteWriter(
            connection, FileIdentity(path), log_limit, Callers().admission(MAX_GROUP), timeout_seconds=60
        )

    async def write(self) -> int:
        """Write `WRITTEN` bytes, and return the greatest size that the log had."""
        sizes = []
        for _ in range(WRITTEN // CHUNK):
            await self.writer.run(insert)
            sizes.append(self.path.with_name(f"{self.path.name}-wal").stat().st_size)
        return max(sizes)

    async def close(self) -> None:
        await self.reads.close()
        await self.writer.close()


def insert(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO blob VALUES (randomblob(?))", [CHUNK])


@pytest.fixture
async def log(anyio_backend: str, tmp_path: Path) -> AsyncIterator[Log]:  # noqa: ARG001 - runs this fixture
    """A log whose writer waits for readers."""
    log = Log(tmp_path / "todo.db", wait_seconds=60)
    yield log
    await log.close()


@pytest.fixture
async def impatient_log(anyio_backend: str, tmp_path: Path) -> AsyncIterator[Log]:  # noqa: ARG001 - runs this fixture
    """A log whose writer waits for readers as briefly as possible."""
    log = Log(tmp_path / "todo.db", wait_seconds=0)
    yield log
    await log.close()


async def read_for(path: Path, seconds: float) -> None:
    with closing(connect_reader(path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM blob").fetchone()
        await asyncio.sleep(seconds)


async def overlap_reads(path: Path) -> None:
    """Read without end, and begin each read before the previous one ends."""
    async with asyncio.TaskGroup() as reads:
        while True:
            reads.create_task(read_for(path, 0.12))
            await asyncio.sleep(0.06)


async def test_reads_that_overlap_do_not_let_the_log_grow_beyond_its_limit(log: Log) -> None:
    reading = asyncio.create_task(overlap_reads(log.path))
    await asyncio.sleep(0)

    largest = await log.write()
    reading.cancel()
    await asyncio.wait([reading])

    assert LIMIT < largest < 2 * LIMIT


async def test_a_read_of_this_process_that_never_ends_does_not_let_the_log_grow(impatient_log: Log) -> None:
    reading = asyncio.create_task(impatient_log.reads.run(ENDLESS, {}, sqlite3.Cursor.fetchall))
    await asyncio.sleep(0.05)

    largest = await impatient_log.write()

    assert largest < 2 * LIMIT
    assert not reading.done()
    reading.cancel()
    await asyncio.wait([reading])


async def test_a_reader_of_another_program_that_never_ends_does_not_stop_writes(impatient_log: Log) -> None:
    with closing(connect_reader(impatient_log.path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM blob").fetchone()

        largest = await impatient_log.write()

    assert largest > WRITTEN
    # Without this reader the next checkpoint succeeds.
    assert await impatient_log.write() < largest + 2 * LIMIT
    assert impatient_log.path.with_name(f"{impatient_log.path.name}-wal").stat().st_size < 2 * LIMIT


async def test_a_log_that_is_gone_does_not_stop_writes(log: Log) -> None:
    log.path.with_name(f"{log.path.name}-wal").unlink()

    await log.writer.run(insert)
    await log.writer.run(insert)


async def test_the_size_of_the_log_is_read_at_intervals_only(tmp_path: Path) -> None:
    path = tmp_path / "todo.db"
    path.touch()
    with closing(connect_writer(path)) as connection:
        connection.execute("CREATE TABLE blob (b BLOB)")
        log_limit = LogLimit(connection, path, lambda: None, limit_bytes=1, check_seconds=60)
        log_limit.enforce()
        insert(connection)

        log_limit.enforce()

        assert path.with_name("todo.db-wal").stat().st_size > 1
