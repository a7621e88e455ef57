"""A log handler that never waits for the reader of the log."""

import logging
import sys
import threading
import time
import traceback
from collections import deque
from typing import Final, TextIO

MAX_WAITING: Final = 10_000
"""How many lines may wait for the reader of the log; further lines are dropped and counted."""
_BATCH_SECONDS: Final = 0.02
_FLUSH_SECONDS: Final = 1.0


class LogWriter(logging.Handler):
    """Writes lines in a thread of its own, many at a time.

    A pipe that is not read, or a slow disk, stops this thread only. At the end of the
    process, lines that can't be written within a second are lost.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        super().__init__()
        self._stream = stream or sys.stderr
        self._lines: deque[str] = deque()
        # Two counters, because callers write one and the thread the other: a shared one could lose counts.
        self._dropped = 0
        self._reported = 0
        self._has_work = threading.Event()
        self._is_writing = False
        self._is_closed = False
        threading.Thread(target=self._write_all, name="log-writer", daemon=True).start()

    def emit(self, record: logging.LogRecord) -> None:
        """Add a line to those that are written next."""
        if len(self._lines) >= MAX_WAITING:
            self._dropped += 1
            return
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001 - a record that can't be formatted must not fail its caller
            line = f"Logging error: {traceback.format_exc()}"
        self._lines.append(line)
        if not self._has_work.is_set():
            self._has_work.set()

    def flush(self) -> None:
        """Wait until all lines are written, at most for a second."""
        deadline = time.monotonic() + _FLUSH_SECONDS
        while (self._lines or self._is_writing) and time.monotonic() < deadline:
            time.sleep(_BATCH_SECONDS / 4)

    def close(self) -> None:
        """End the thread after the lines that wait."""
        self._is_closed = True
        self._has_work.set()
        super().close()

    def _write_all(self) -> None:
        while not self._is_closed or self._lines:
            self._has_work.wait()
            time.sleep(_BATCH_SECONDS)
            self._is_writing = True
            self._has_work.clear()
            self._write([self._lines.popleft() for _ in range(len(self._lines))])
            self._is_writing = False

    def _write(self, lines: list[str]) -> None:
        dropped = self._dropped - self._reported
        report = [self.format(_dropped_record(dropped))] if dropped else []
        try:
            self._stream.write("".join(f"{line}\n" for line in (*lines, *report)))
            self._stream.flush()
        except (OSError, ValueError):  # the disk is full, or the reader of the log has closed it
            self._reported -= len(lines)  # these lines are dropped too
        else:
            self._reported += dropped


def _dropped_record(count: int) -> logging.LogRecord:
    line = {"name": __name__, "levelno": logging.WARNING, "levelname": "WARNING", "msg": "log lines dropped"}
    return logging.makeLogRecord({**line, "fields": {"count": count}})
