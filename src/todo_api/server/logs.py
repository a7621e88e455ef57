"""How the log is written: one JSON object a line in production, readable on a terminal."""

import logging
import os
import sys
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson


def log_config(*, as_json: bool) -> dict[str, Any]:
    """Return the configuration (`logging.config.dictConfig`) that sends every log to standard error in one form."""
    # What no line has, no record need find out: the place in the source, thread and process.
    logging._srcfile = None  # noqa: SLF001 - the documented way
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    # They tell of every step, and of every request once more.
    quiet = ("alembic", "httpx", "uvicorn")
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": JsonFormatter if as_json else TerminalFormatter}},
        "handlers": {"stderr": {"()": StandardErrorHandler, "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": "INFO"},
        "loggers": {name: {"level": "WARNING"} for name in quiet},
    }


class StandardErrorHandler(logging.Handler):
    """Writes each record by one call of the system, for which it needs no lock and no stream.

    Filters of the handler itself are not asked. A line that can't be written, to a full
    disk for example, is lost, and who logs never hears of it.
    """

    def __init__(self) -> None:
        super().__init__()
        # Where standard error was closed, its number may be anything's.
        self._descriptor = sys.__stderr__.fileno() if sys.__stderr__ else -1

    def handle(self, record: logging.LogRecord) -> bool:
        """Write the record's line, and say whether that was possible."""
        try:
            os.write(self._descriptor, f"{self.format(record)}\n".encode(errors="backslashreplace"))
        except Exception:  # noqa: BLE001 - as logging's own handlers
            self.handleError(record)
            return False
        return True


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """Return what a logger was given as `extra={"fields": …}`, without what is None."""
    fields: dict[str, Any] = getattr(record, "fields", {})
    return {name: value for name, value in fields.items() if value is not None}


# To write a time takes as long as the rest of a line.
@lru_cache(maxsize=1)
def _instant(second: int) -> str:
    """Write a second in UTC."""
    return datetime.fromtimestamp(second, UTC).isoformat()[:-6]


@lru_cache(maxsize=1)
def _clock(second: int) -> str:
    """Write the time of the day in the local time zone."""
    return time.strftime("%H:%M:%S", time.localtime(second))


class JsonFormatter(logging.Formatter):
    """Writes a record and its fields as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line."""
        second, micros = divmod(round(record.created * 1_000_000), 1_000_000)
        line: dict[str, object] = {
            "time": f"{_instant(second)}.{micros // 1000:03}+00:00",
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


class TerminalFormatter(logging.Formatter):
    """Writes a record and its fields for people."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line, and the traceback if there is one."""
        fields = " ".join(f"{name}={value}" for name, value in _fields(record).items())
        line = f"{_clock(int(record.created))} {record.levelname.lower():7} {record.getMessage()} {fields}"
        return f"{line.rstrip()}\n{self.formatException(record.exc_info)}" if record.exc_info else line.rstrip()
