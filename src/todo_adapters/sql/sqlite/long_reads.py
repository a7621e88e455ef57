"""Reads of an SQLite file in threads, each with a deadline."""

import asyncio
import os
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from todo_adapters.sql.admission import Admission
from todo_adapters.sql.queues import PlaceQueue, Shares
from todo_adapters.sql.sqlite.file import connect_reader

Rows = list[tuple[Any, ...]]
T = TypeVar("T")
Fetch = Callable[[sqlite3.Cursor], T]

READER_THREADS: Final = 2
_NICENESS: Final = 5
"""How much less of a busy core the threads get than the event loop: a third."""
_STEPS_TO_NOTICE: Final = 100_000
"""How often a read checks whether it must end: every few milliseconds. The check needs Python's global lock."""


class LongReads:
    """Runs reads in two threads, in order of arrival; the reads of one user run in one of them.

    What ends each wait:

    - the wait for a thread: the read's deadline or cancellation
    - the statement: the same. The call ends at once, and the thread within some milliseconds,
      or within a second if it waits for a lock
    - `close`: it ends all reads in this way
    """

    def __init__(self, path: Path, admission: Admission, *, timeout_seconds: float) -> None:
        self._path = path
        self.timeout_seconds = timeout_seconds
        self.admission = admission
        self._places = PlaceQueue(READER_THREADS)
        self._shares = Shares(READER_THREADS // 2)
        self._threads = ThreadPoolExecutor(READER_THREADS, "sqlite-reader", _give_way)
        self._reads: set[_LongRead[Any]] = set()
        self._statements = Counter[tuple[str, Any]]()

    def includes(self, sql: str, values: Mapping[str, Any]) -> bool:
        """Return whether a read by this statement is in progress for the same user."""
        return (sql, values.get("user_id")) in self._statements

    async def run(
        self, sql: str, values: Mapping[str, Any], fetch: Fetch[T], timeout_seconds: float | None = None
    ) -> T:
        """Return what `fetch` takes from the cursor. Raises sqlite3.Error, TimeoutError, StorageOverloaded."""
        read = _LongRead(self._path, sql, values, fetch)
        self._reads.add(read)
        statement = Counter([(sql, values.get("user_id"))])
        self._statements += statement
        try:
            async with asyncio.timeout(timeout_seconds or self.timeout_seconds), self._place(values.get("user_id")):
                if read.is_abandoned:  # `close` ended it while it waited
                    raise sqlite3.OperationalError("interrupted")
                return await asyncio.get_running_loop().run_in_executor(self._threads, read.run)
        finally:
            read.is_abandoned = True
            self._reads.discard(read)
            self._statements -= statement

    @asynccontextmanager
    async def _place(self, owner: str | None) -> AsyncIterator[None]:
        """Wait for a thread. Raises StorageOverloaded."""
        if owner is not None and not self._shares.try_take(owner):
            await self._shares.wait(owner)
        try:
            if self._places.try_take():
                self.admission.begin()
            else:
                await self.admission.wait(self._places.wait, self._places.give_back)
            try:
                yield
            finally:
                self._places.give_back()
        finally:
            self._shares.give_back(owner)

    def restart(self) -> None:
        """Let the reads that run begin again, so that they don't use old pages. Other threads may call this."""
        for read in tuple(self._reads):
            read.must_restart = True

    async def close(self) -> None:
        """End all reads, and wait for the threads."""
        for read in self._reads:
            read.is_abandoned = True
        await asyncio.to_thread(self._threads.shutdown)


class _LongRead(Generic[T]):
    """A read on a connection of its own: ending it can't end the statement of another caller."""

    def __init__(self, path: Path, sql: str, values: Mapping[str, Any], fetch: Fetch[T]) -> None:
        self._path = path
        self._sql = sql
        self._values = values
        self._fetch = fetch
        self.is_abandoned = False
        self.must_restart = False

    def run(self) -> T:
        """Return the result. Raises sqlite3.OperationalError soon after `is_abandoned` was set."""
        # Opening a new connection takes a fraction of the time of a long read.
        with closing(connect_reader(self._path)) as connection:
            connection.set_progress_handler(lambda: self.is_abandoned or self.must_restart, _STEPS_TO_NOTICE)
            while True:
                self.must_restart = False
                try:
                    return self._fetch(connection.execute(self._sql, self._values))
                except sqlite3.OperationalError:
                    if self.is_abandoned or not self.must_restart:
                        raise


def _give_way() -> None:
    """Lower the priority of this thread below that of the event loop."""
    if sys.platform == "linux":  # pragma: no branch  # elsewhere, all threads of a process have one niceness
        os.nice(_NICENESS)
