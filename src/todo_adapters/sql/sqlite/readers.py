"""Read an SQLite file from an event loop: short reads directly, long ones in threads."""

import asyncio
import sqlite3
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from todo_adapters.sql.sqlite.file import connect_reader
from todo_adapters.sql.sqlite.identity import FileIdentity
from todo_domain import StorageUnavailable

Rows = list[tuple[Any, ...]]

_THREADS: Final = 2
_SHORT_TICKS: Final = 25
_TICK_STEPS: Final = 1000
"""Steps of SQLite's virtual machine: 25,000 take about a millisecond, and sort 1,000 tasks."""

_STEPS_TO_NOTICE: Final = 100_000
"""How often a long read checks whether it was abandoned: a few milliseconds. The check needs Python's global lock."""


class SqliteReader:
    """Runs statements on read-only connections; each sees what was committed before it began.

    Passing a read to a thread and back takes longer than most reads. So a read starts
    in the event loop. A long read is interrupted after about a millisecond and repeated
    in a thread, so that a search of a huge list does not delay other requests. It is also
    repeated there when the file is locked.

    What ends each wait:

    - the wait for a thread, first in, first out: the call's deadline or cancellation
    - the statement in a thread: the same. The call ends at once, and the thread within some
      milliseconds, or within a second if it waits for a lock
    - `close`: it ends all reads in this way
    """

    def __init__(self, path: Path, identity: FileIdentity, *, timeout_seconds: float) -> None:
        self._path = path
        self._identity = identity
        self._timeout_seconds = timeout_seconds
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="sqlite-reader")
        self._long_reads: set[_LongRead] = set()
        self._ticks = 0
        self._inline = connect_reader(path, busy_seconds=0)
        self._inline.set_progress_handler(self._is_long, _TICK_STEPS)

    async def read(self, sql: str, values: Mapping[str, Any]) -> Rows:
        """Return all rows. Raises StorageUnavailable, at the latest at the deadline."""
        self._identity.require()
        self._ticks = 0
        try:
            try:
                return self._inline.execute(sql, values).fetchall()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_BUSY):
                    raise
            self._identity.verify()  # a thread opens the path again
            return await self._read_in_thread(_LongRead(self._path, sql, values))
        except sqlite3.Error as error:
            raise StorageUnavailable(f"SQLite: {error}") from error
        except TimeoutError as error:
            raise StorageUnavailable("SQLite: the read did not end in time") from error

    async def close(self) -> None:
        """End all reads, and close the connection."""
        for read in self._long_reads:
            read.is_abandoned = True
        await asyncio.to_thread(self._threads.shutdown)
        self._inline.close()

    def _is_long(self) -> bool:
        self._ticks += 1
        return self._ticks > _SHORT_TICKS

    async def _read_in_thread(self, read: "_LongRead") -> Rows:
        self._long_reads.add(read)
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await asyncio.get_running_loop().run_in_executor(self._threads, read.run)
        finally:
            read.is_abandoned = True
            self._long_reads.discard(read)


class _LongRead:
    """A read in a thread, on a connection of its own: ending it can't end the statement of another caller."""

    def __init__(self, path: Path, sql: str, values: Mapping[str, Any]) -> None:
        self._path = path
        self._sql = sql
        self._values = values
        self.is_abandoned = False

    def run(self) -> Rows:
        """Return all rows. Raises sqlite3.OperationalError soon after `is_abandoned` was set."""
        # Opening a new connection takes a fraction of the time of a long read.
        with closing(connect_reader(self._path)) as connection:
            connection.set_progress_handler(lambda: self.is_abandoned, _STEPS_TO_NOTICE)
            return connection.execute(self._sql, self._values).fetchall()
