"""Read an SQLite file from an event loop: short reads directly, long ones in threads."""

import sqlite3
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, Final

from todo_adapters.sql.admission import Figures
from todo_adapters.sql.sqlite.file import connect_reader
from todo_adapters.sql.sqlite.identity import FileIdentity
from todo_adapters.sql.sqlite.long_reads import Fetch, LongReads, Rows, T
from todo_domain import StorageUnavailable

_SHORT_TICKS: Final = 40
_TICK_STEPS: Final = 1000
"""Steps of SQLite's virtual machine: 40,000 take one or two milliseconds, and sort 1,000 tasks in any order."""

_CACHE_KIB: Final = 16_000
"""SQLite's default, 2 MB, has no room for the pages of 1,000 tasks that are spread over a long list."""


class SqliteReader:
    """Runs statements on read-only connections; each sees what was committed before it began.

    Passing a read to a thread and back takes longer than most reads. So a read starts
    in the event loop. A long read is interrupted after one or two milliseconds and repeated
    in a thread, so that a search of a huge list does not delay other requests. While one
    runs there, other reads of the same user by the same statement begin there. A read is
    also repeated there when the file is locked.
    """

    def __init__(self, path: Path, identity: FileIdentity, long_reads: LongReads) -> None:
        self._identity = identity
        self._long_reads = long_reads
        self._ticks = 0
        self._inline = connect_reader(path, busy_seconds=0)
        self._inline.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._inline.set_progress_handler(self._is_long, _TICK_STEPS)

    def read(self, sql: str, values: Mapping[str, Any]) -> Coroutine[Any, Any, Rows]:
        """Return all rows. Raises StorageUnavailable, at the latest at the deadline of long reads.

        Raises StorageOverloaded if a long read would wait too long for a thread (see Admission).
        """
        return self.fetch(sql, values, sqlite3.Cursor.fetchall)

    async def fetch(self, sql: str, values: Mapping[str, Any], fetch: Fetch[T]) -> T:
        """Return what `fetch` makes of the cursor, maybe in a thread. Raises the same as `read`."""
        self._identity.require()
        self._ticks = 0
        try:
            if not self._long_reads.includes(sql, values):
                try:
                    result = fetch(self._inline.execute(sql, values))
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_BUSY):
                        raise
                else:
                    self._long_reads.admission.begin()
                    return result
        except sqlite3.Error as error:
            raise StorageUnavailable(f"SQLite: {error}") from error
        return await self._run(sql, values, fetch)

    async def fetch_in_thread(self, sql: str, values: Mapping[str, Any], fetch: Fetch[T], timeout_seconds: float) -> T:
        """Return what `fetch` makes of the cursor in a thread, by a deadline of its own. Raises the same as `read`."""
        return await self._run(sql, values, fetch, timeout_seconds)

    async def _run(
        self, sql: str, values: Mapping[str, Any], fetch: Fetch[T], timeout_seconds: float | None = None
    ) -> T:
        self._identity.verify()  # a thread opens the path again
        try:
            return await self._long_reads.run(sql, values, fetch, timeout_seconds)
        except sqlite3.Error as error:
            raise StorageUnavailable(f"SQLite: {error}") from error
        except TimeoutError as error:
            raise StorageUnavailable("SQLite: the read did not end in time") from error

    def figures(self) -> Figures:
        """Return the figures of the queue for the threads."""
        return self._long_reads.admission.figures("reader")

    async def close(self) -> None:
        """End all reads, and close the connection."""
        await self._long_reads.close()
        self._inline.close()

    def _is_long(self) -> bool:
        self._ticks += 1
        return self._ticks > _SHORT_TICKS
