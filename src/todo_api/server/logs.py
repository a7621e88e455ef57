"""The two formats of the log: one JSON object per line in production, plain text on a terminal."""

import json
import logging
import re
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import orjson

from todo_api.server.log_writer import LogWriter

_BARE: Final = re.compile(r"[\w./:{}\[\]@|,+-]+", re.ASCII)


def log_config(*, as_json: bool, level: str) -> dict[str, Any]:
    """Return the configuration (`logging.config.dictConfig`) that logs to standard error from one level on."""
    # Skip call-site, thread and process lookups: no format uses them.
    logging._srcfile = None  # noqa: SLF001 - the documented way
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    # These log every step, and every request a second time.
    quiet = ("alembic", "httpx", "mcp", "uvicorn")
    number = logging.getLevelNamesMapping()[level.upper()]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": JsonFormatter if as_json else TerminalFormatter}},
        "handlers": {"stderr": {"()": LogWriter, "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": number},
        "loggers": {name: {"level": max(number, logging.WARNING)} for name in quiet},
    }


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """Return the `extra={"fields": …}` of a record, without the fields that are None."""
    fields: dict[str, Any] = getattr(record, "fields", {})
    return {name: value for name, value in fields.items() if value is not None}


# Formatted once per second: see docs/decisions/0011.
@lru_cache(maxsize=1)
def _instant(second: int) -> str:
    """Return a second in UTC, as ISO 8601 without the offset."""
    return datetime.fromtimestamp(second, UTC).isoformat()[:-6]


class JsonFormatter(logging.Formatter):
    """Formats a record and its fields as one JSON object in ASCII: other text may have controls of a terminal."""

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
        text = orjson.dumps(line, default=str)
        return text.decode() if text.isascii() else json.dumps(line, default=str, separators=(",", ":"))


class TerminalFormatter(logging.Formatter):
    """Formats a record and its fields as plain text; text that could be taken for another field is quoted."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line, and the traceback if there is one."""
        fields = " ".join(f"{name}={_shown(value)}" for name, value in _fields(record).items())
        clock = time.strftime("%H:%M:%S", time.localtime(record.created))
        line = f"{clock} {record.levelname.lower():7} {record.getMessage()} {fields}"
        return f"{line.rstrip()}\n{self.formatException(record.exc_info)}" if record.exc_info else line.rstrip()


def _shown(value: object) -> str:
    """Return a value without white space, quotes or `=`, else as JSON, which is ASCII in one line."""
    return value if isinstance(value, str) and _BARE.fullmatch(value) else json.dumps(value, default=str)
