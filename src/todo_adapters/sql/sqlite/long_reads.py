"""Reads of an SQLite file in threads, each with a deadline."""

import asyncio
import sqlite3
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from todo_adapters.sql.sqlite.file import connect_reader

Rows = list[tuple[Any, ...]]

_THREADS: Final = 2
_STEPS_TO_NOTICE: Final = 100_000
"""How often a read checks whether it must end: every few milliseconds. The check needs Python's global lock."""


class LongReads:
    """Runs reads in two threads, in order of arrival.

    What ends each wait:

    - the wait for a thread: the read's deadline or cancellation
    - the statement: the same. The call ends at once, and the thread within some milliseconds,
      or within a second if it waits for a lock
    - `close`: it ends all reads in this way
    """

    def __init__(self, path: Path, *, timeout_seconds: float) -> None:
        self._path = path
        self.timeout_seconds = timeout_seconds
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="sqlite-reader")
        self._reads: set[_LongRead] = set()

    async def run(self, sql: str, values: Mapping[str, Any]) -> Rows:
        """Return all rows. Raises sqlite3.Error, TimeoutError."""
        read = _LongRead(self._path, sql, values)
        self._reads.add(read)
        try:
            async with asyncio.timeout(self.timeout_seconds):
                return await asyncio.get_running_loop().run_in_executor(self._threads, read.run)
        finally:
            read.is_abandoned = True
            self._reads.discard(read)

    def restart(self) -> None:
        """Let the reads that run begin again, so that they don't use old pages. Other threads may call this."""
        for read in tuple(self._reads):
            read.must_restart = True

    async def close(self) -> None:
        """End all reads, and wait for the threads."""
        for read in self._reads:
            read.is_abandoned = True
        await asyncio.to_thread(self._threads.shutdown)


class _LongRead:
    """A read on a connection of its own: ending it can't end the statement of another caller."""

    def __init__(self, path: Path, sql: str, values: Mapping[str, Any]) -> None:
        self._path = path
        self._sql = sql
        self._values = values
        self.is_abandoned = False
        self.must_restart = False

    def run(self) -> Rows:
        """Return all rows. Raises sqlite3.OperationalError soon after `is_abandoned` was set."""
        # Opening a new connection takes a fraction of the time of a long read.
        with closing(connect_reader(self._path)) as connection:
            connection.set_progress_handler(lambda: self.is_abandoned or self.must_restart, _STEPS_TO_NOTICE)
            while True:
                self.must_restart = False
                try:
                    return connection.execute(self._sql, self._values).fetchall()
                except sqlite3.OperationalError:
                    if self.is_abandoned or not self.must_restart:
                        raise
