"""Bound the size of SQLite's write-ahead log."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

LIMIT_BYTES: Final = 64 << 20
_MAX_RESTARTS: Final = 5


class LogLimit:
    """Empties the write-ahead log each time it has grown by `limit_bytes`.

    After every commit SQLite copies the log into the file, as far as no reader uses it, and
    starts it again only when no reader uses it at all. So readers that overlap make it grow
    without end. The checkpoint of this class waits for the current readers, while new
    ones already read the file. After `wait_seconds` it lets the reads of this process begin
    again (`restart_reads`). If another program reads, it gives up half a second later, until
    the log has grown by `limit_bytes` again.
    """

    def __init__(  # noqa: PLR0913 - bounds, passed by name
        self,
        connection: sqlite3.Connection,
        path: Path,
        restart_reads: Callable[[], None],
        *,
        limit_bytes: int = LIMIT_BYTES,
        wait_seconds: float = 0.5,
        check_seconds: float = 0.1,
    ) -> None:
        self._connection = connection
        self._log = Path(f"{path.resolve()}-wal")
        self._restart_reads = restart_reads
        self._limit_bytes = limit_bytes
        self._wait_seconds = wait_seconds
        self._check_seconds = check_seconds
        self._check_at = 0.0
        self._due = limit_bytes

    def log_bytes(self) -> int:
        """Return the size of the log; 0 if there is none."""
        with suppress(OSError):
            return self._log.stat().st_size
        return 0

    def enforce(self) -> None:
        """Make a checkpoint if it is due. Call it outside of transactions, on the writer's thread.

        It looks at the log at most once every `check_seconds`, since a look costs more than a
        hundredth of a small write.
        """
        now = time.monotonic()
        if now < self._check_at:
            return
        self._check_at = now + self._check_seconds
        # The disk may be full, or the log deleted: the next write reports that.
        with suppress(OSError, sqlite3.Error):
            size = self._log.stat().st_size
            self._due = min(self._due, size + self._limit_bytes)
            if size >= self._due:
                self._due = size + self._limit_bytes
                self._empty()

    def _empty(self) -> None:
        """Make short attempts, because SQLite waits for a lock that later readers can take over meanwhile.

        A read that begins before the log is copied keeps the log in use, although it needs
        nothing of it. So the reads begin again before several attempts: the first one then
        copies the log, and another one empties it.
        """
        restart_at = time.monotonic() + self._wait_seconds
        restarts = 0
        while self._is_in_use() and restarts < _MAX_RESTARTS:
            if time.monotonic() >= restart_at:
                restarts += 1
                self._restart_reads()

    def _is_in_use(self) -> bool:
        """Try to empty the log, and return whether a reader prevented it."""
        is_busy, *_ = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return bool(is_busy)
