"""Bound the size of SQLite's write-ahead log."""

import sqlite3
import time
from contextlib import suppress
from pathlib import Path


class LogLimit:
    """Empties the write-ahead log each time it has grown by `limit_bytes`.

    After every commit SQLite copies the log into the file, as far as no reader uses it, and
    starts it again only when no reader uses it at all. So readers that overlap make it grow
    without end. The checkpoint of this class waits for the current readers, while new
    ones already read the file. It gives up after `wait_seconds`, so a reader of another
    program delays the writes by that time once per `limit_bytes`.
    """

    def __init__(
        self, connection: sqlite3.Connection, path: Path, limit_bytes: int, *, wait_seconds: float = 1.0
    ) -> None:
        self._connection = connection
        self._log = Path(f"{path.resolve()}-wal")
        self._limit_bytes = limit_bytes
        self._wait_seconds = wait_seconds
        self._due = limit_bytes

    def enforce(self) -> None:
        """Make a checkpoint if it is due. Call it outside of transactions, on the writer's thread."""
        # The disk may be full, or the log deleted: the next write reports that.
        with suppress(OSError, sqlite3.Error):
            size = self._log.stat().st_size
            self._due = min(self._due, size + self._limit_bytes)
            if size >= self._due:
                self._due = size + self._limit_bytes
                self._empty()

    def _empty(self) -> None:
        """Wait for the readers in several short attempts.

        Within one attempt, SQLite waits for a lock that later readers can take over from the
        one that used the log. The next attempt sees that they don't need the log.
        """
        give_up_at = time.monotonic() + self._wait_seconds
        while True:
            is_busy, *_ = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if not is_busy or time.monotonic() >= give_up_at:
                return
