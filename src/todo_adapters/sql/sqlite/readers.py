"""Read an SQLite file from an event loop: short reads directly, long ones in threads."""

import asyncio
import sqlite3
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from todo_adapters.sql.sqlite.file import connect_reader
from todo_domain import StorageUnavailable

Rows = list[tuple[Any, ...]]

_THREADS: Final = 2
_SHORT_TICKS: Final = 25
_TICK_STEPS: Final = 1000
"""Steps of SQLite's virtual machine: 25,000 take about a millisecond, and sort 1,000 tasks."""


class SqliteReader:
    """Runs statements on read-only connections; each sees what was committed before it began.

    Passing a read to a thread and back takes longer than most reads. So a read starts
    in the event loop. A long read is interrupted after about a millisecond and repeated
    in a thread, so that a search of a huge list does not delay other requests.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="sqlite-reader")
        self._ticks = 0
        self._inline = connect_reader(path)
        self._inline.set_progress_handler(self._is_long, _TICK_STEPS)

    async def read(self, sql: str, values: Mapping[str, Any]) -> Rows:
        """Return all rows. Raises StorageUnavailable."""
        self._ticks = 0
        try:
            try:
                return self._inline.execute(sql, values).fetchall()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
                    raise
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, self._read_in_thread, sql, values)
        except sqlite3.Error as error:
            raise StorageUnavailable(f"SQLite: {error}") from error

    def close(self) -> None:
        """Wait for the reads in threads and close the connection."""
        self._threads.shutdown()
        self._inline.close()

    def _is_long(self) -> bool:
        self._ticks += 1
        return self._ticks > _SHORT_TICKS

    def _read_in_thread(self, sql: str, values: Mapping[str, Any]) -> Rows:
        # Opening a new connection takes a fraction of the time of a long read.
        with closing(connect_reader(self._path)) as connection:
            return connection.execute(sql, values).fetchall()
