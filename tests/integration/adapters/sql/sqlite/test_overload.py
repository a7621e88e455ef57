"""A file that does not keep up: calls are refused before they begin, and those of callers that have gone do not run.

The time of the queues is set by the tests.
"""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from tests.callers import Caller, Callers
from todo_adapters.sql.sqlite.file import connect_reader, connect_writer
from todo_adapters.sql.sqlite.identity import FileIdentity
from todo_adapters.sql.sqlite.log_limit import LogLimit
from todo_adapters.sql.sqlite.long_reads import READER_THREADS, LongReads
from todo_adapters.sql.sqlite.readers import SqliteReader
from todo_adapters.sql.sqlite.writer import MAX_GROUP, SqliteWriter, Write
from todo_domain import StorageOverloaded

pytestmark = pytest.mark.anyio

COUNT = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :last) SELECT max(i) FROM n"
LONG = 100_000
ENDLESS = 1 << 60


class Hold:
    """A write that begins, and ends when the test lets it."""

    def __init__(self) -> None:
        self.begins, self.ends = threading.Event(), threading.Event()

    def __call__(self, _: sqlite3.Connection) -> None:
        self.begins.set()
        self.ends.wait()


class Store(Callers):
    """A writer on a table of numbers, and a reader."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        path.touch()
        connection = connect_writer(path)
        connection.execute("CREATE TABLE number (n INTEGER PRIMARY KEY)")
        connection.set_trace_callback(self._trace)
        identity = FileIdentity(path)
        log_limit = LogLimit(connection, path, lambda: None)
        self.writer = SqliteWriter(connection, identity, log_limit, self.admission(MAX_GROUP), timeout_seconds=60)
        long_reads = LongReads(path, self.admission(READER_THREADS), timeout_seconds=60)
        self.reader = SqliteReader(path, identity, long_reads)
        self.commit_seconds = 0.0
        self.groups: list[int] = []
        self._writes = 0

    def _trace(self, statement: str) -> None:
        self._writes += statement == "SAVEPOINT write"
        if statement == "COMMIT":
            self.now += self.commit_seconds
            self.groups.append(self._writes)
            self._writes = 0

    async def call(self, caller: Caller | None, write: Write[None]) -> "asyncio.Task[object]":
        """Begin a write, and let its call come as far as it can."""
        return await self._begin(caller, self.writer.run(write))

    async def write(self, n: int, caller: Caller, seconds: float = 0) -> "asyncio.Task[object]":
        """Begin to write a number; the write takes this time."""

        def insert(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO number VALUES (?)", [n])
            self.now += seconds

        return await self.call(caller, insert)

    async def read(self, last: int, caller: Caller, user_id: str = "alice") -> "asyncio.Task[object]":
        """Begin a read of this number of steps."""
        return await self._begin(caller, self.reader.read(COUNT, {"last": last, "user_id": user_id}))

    async def _begin(self, caller: Caller | None, call: Coroutine[Any, Any, object]) -> "asyncio.Task[object]":
        self.current = caller
        task = asyncio.create_task(call)
        for _ in range(5):
            await asyncio.sleep(0)
        return task

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Let no write begin."""
        hold = Hold()
        holding = await self.call(None, hold)
        await asyncio.to_thread(hold.begins.wait)
        try:
            yield
        finally:
            hold.ends.set()
            await holding

    @property
    def numbers(self) -> list[int]:
        """The numbers that were written."""
        with closing(connect_reader(self._path)) as reader:
            return [n for (n,) in reader.execute("SELECT n FROM number ORDER BY n")]


@pytest.fixture
async def store(anyio_backend: str, tmp_path: Path) -> AsyncIterator[Store]:  # noqa: ARG001 - runs this fixture
    async with AsyncExitStack() as opened:
        store = Store(tmp_path / "numbers.db")
        opened.push_async_callback(store.writer.close)
        opened.push_async_callback(store.reader.close)
        yield store


async def cancel(*reads: "asyncio.Task[object]") -> None:
    for read in reads:
        read.cancel()
    await asyncio.wait(reads)


async def test_a_write_that_would_wait_too_long_is_refused_before_it_begins(store: Store) -> None:
    async with store.held():
        waiting = [await store.write(n, Caller()) for n in range(MAX_GROUP // 2)]
        store.now += 0.11
        refused = await store.write(404, Caller())

        assert refused.done()
        assert isinstance(refused.exception(), StorageOverloaded)
    await asyncio.gather(*waiting)
    assert store.numbers == list(range(MAX_GROUP // 2))


async def test_the_rate_of_writes_decides_how_many_may_wait(store: Store) -> None:
    later = Hold()
    async with store.held():
        slow = [await store.write(n, Caller(), seconds=0.005) for n in range(MAX_GROUP)]
        holding = await store.call(None, later)
        waiting = [await store.write(n, Caller()) for n in range(MAX_GROUP, MAX_GROUP + 20)]
    await asyncio.gather(*slow)
    await asyncio.to_thread(later.begins.wait)
    while not waiting[-1].done():
        waiting.append(await store.write(MAX_GROUP + len(waiting), Caller()))
    later.ends.set()

    *accepted, refused = waiting
    assert isinstance(refused.exception(), StorageOverloaded)
    await asyncio.gather(holding, *accepted)
    assert 20 <= len(accepted) < 35  # one group has begun


async def test_the_write_of_a_caller_that_has_gone_never_begins(store: Store) -> None:
    async with store.held():
        gone, waiting = await store.write(1, Caller(is_gone=True)), await store.write(2, Caller())
        store.now += 0.03

    await waiting
    assert isinstance(gone.exception(), StorageOverloaded)
    assert store.numbers == [2]


async def test_a_caller_that_seems_to_have_gone_is_served_after_a_short_wait(store: Store) -> None:
    async with store.held():
        half_closed = await store.write(1, Caller(is_gone=True))
        store.now += 0.02

    await half_closed
    assert store.numbers == [1]


async def test_cancelled_writes_leave_the_queue(store: Store) -> None:
    async with store.held():
        await cancel(*[await store.write(n, Caller()) for n in range(MAX_GROUP)])
    await (await store.write(1, Caller()))

    async with store.held():
        store.now += 60
        later = await store.write(2, Caller())
    await later

    assert store.numbers == [1, 2]


async def test_groups_of_slow_writes_are_small_until_writes_are_fast_again(store: Store) -> None:
    async with store.held():
        slow = [await store.write(n, Caller(), seconds=0.05) for n in range(4)]
    await asyncio.gather(*slow)
    async with store.held():
        fast = [await store.write(n, Caller()) for n in range(4, 11)]
    await asyncio.gather(*fast)

    assert store.groups == [1, 4, 1, 2, 4, 1]


async def test_only_groups_that_are_full_grow(store: Store) -> None:
    async with store.held():
        slow = [await store.write(n, Caller(), seconds=0.05) for n in range(4)]
    await asyncio.gather(*slow)
    for n in range(4, 8):
        await (await store.write(n, Caller()))
    async with store.held():
        fast = [await store.write(n, Caller()) for n in range(8, 15)]
    await asyncio.gather(*fast)

    assert store.groups == [1, 4, 1, 1, 1, 1, 1, 2, 4, 1]


async def test_groups_are_large_when_commits_are_slow(store: Store) -> None:
    store.commit_seconds = 0.2
    for start in (0, 4):
        async with store.held():
            writes = [await store.write(n, Caller(), seconds=0.05) for n in range(start, start + 4)]
        await asyncio.gather(*writes)

    assert store.groups == [1, 4, 1, 4]


async def test_a_long_read_that_would_wait_too_long_is_refused_before_it_begins(store: Store) -> None:
    running = [await store.read(ENDLESS, Caller(), user_id) for user_id in ("alice", "bob")]
    waiting = await store.read(LONG, Caller(), "carol")
    store.now += 0.2
    refused, short = await store.read(LONG, Caller(), "dave"), await store.read(10, Caller(), "dave")

    assert isinstance(refused.exception(), StorageOverloaded)
    assert await short == [(10,)]
    await cancel(*running)
    assert await waiting == [(LONG,)]


async def test_a_long_read_after_a_short_one_of_the_same_caller_waits(store: Store) -> None:
    running = [await store.read(ENDLESS, Caller(), user_id) for user_id in ("alice", "bob", "carol")]
    store.now += 0.2
    caller = Caller()
    await (await store.read(10, caller, "dave"))
    waiting = await store.read(LONG, caller, "dave")

    await cancel(*running)
    assert await waiting == [(LONG,)]


async def test_the_long_read_of_a_caller_that_has_gone_never_begins(store: Store) -> None:
    running = [await store.read(ENDLESS, Caller(), user_id) for user_id in ("alice", "bob")]
    gone = await store.read(ENDLESS, Caller(is_gone=True), "carol")
    store.now += 0.03
    await cancel(*running)

    with pytest.raises(StorageOverloaded, match="gone"):
        await gone


async def test_the_long_reads_of_one_user_leave_a_thread_to_others(store: Store) -> None:
    of_one_user = [await store.read(ENDLESS, Caller()) for _ in range(3)]

    of_another = await store.read(LONG, Caller(), "bob")

    assert await of_another == [(LONG,)]
    await cancel(*of_one_user)
