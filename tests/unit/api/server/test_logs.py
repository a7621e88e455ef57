"""The two formats of a log line."""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from todo_api.server.logs import JsonFormatter, TerminalFormatter, log_config


def record_of(fields: dict[str, Any] | None = None, **others: Any) -> logging.LogRecord:
    content = {"name": "todo_api", "msg": "a %s thing", "args": ("great",), "levelname": "INFO", "created": 0.125}
    return logging.makeLogRecord({**content, "fields": fields or {}, **others})


def failed() -> logging.LogRecord:
    return record_of(exc_info=(IndexError, IndexError("pop from empty list"), None))


def test_a_line_for_programs_is_one_json_object() -> None:
    line = JsonFormatter().format(record_of({"status": 201, "user_id": "alice", "error_code": None}))

    assert json.loads(line) == {
        "time": "1970-01-01T00:00:00.125+00:00",
        "level": "info",
        "event": "a great thing",
        "status": 201,
        "user_id": "alice",
    }


def test_a_line_for_programs_has_its_time_in_utc_to_the_millisecond() -> None:
    moments = [0.125, 1.001, 1.999_999_9, 1_790_446_607.235, 1_790_446_607.9, 1_790_446_608.0, -0.5]
    form = JsonFormatter()

    times = [json.loads(form.format(record_of(created=moment)))["time"] for moment in moments]

    assert times == [datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds") for moment in moments]


def test_a_line_for_programs_contains_the_traceback() -> None:
    line = JsonFormatter().format(failed())

    assert "\n" not in line
    assert json.loads(line)["traceback"].endswith("IndexError: pop from empty list")


def test_a_line_for_people_ends_with_the_fields() -> None:
    line = TerminalFormatter().format(record_of({"status": 201, "user_id": "alice", "error_code": None}))

    assert line.endswith("info    a great thing status=201 user_id=alice")


def test_a_line_for_people_is_followed_by_the_traceback() -> None:
    first, *_, last = TerminalFormatter().format(failed()).splitlines()

    assert first.endswith("info    a great thing")
    assert last == "IndexError: pop from empty list"


def test_the_format_is_a_setting() -> None:
    formatters = {
        as_json: log_config(as_json=as_json, level="info")["formatters"]["line"]["()"] for as_json in (True, False)
    }

    assert formatters == {True: JsonFormatter, False: TerminalFormatter}


@pytest.mark.parametrize(("level", "own", "quiet"), [("info", 20, 30), ("warning", 30, 30), ("error", 40, 40)])
def test_the_level_is_a_setting_and_other_packages_are_quieter(level: str, own: int, quiet: int) -> None:
    config = log_config(as_json=True, level=level)

    assert config["root"]["level"] == own
    assert {logger["level"] for logger in config["loggers"].values()} == {quiet}


HOSTILE = [
    "x status=500 user_id=admin",
    'x" status="500',
    '"}\n{"level":"error"}',
    'a\\" b',
    "first\nsecond\r\nthird",
    "\x85next\u2028line",
    "\x1b[31mred \x9b31m",
    "\0\t",
    "Ünïcode",
    "=",
    "'",
    " ",
    "",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_a_client_can_not_look_like_another_field_or_line(text: str) -> None:
    record = record_of({"user_agent": text, "status": 200})

    for_programs, for_people = JsonFormatter().format(record), TerminalFormatter().format(record)

    shown = re.findall(r' (\w+)=("(?:[^"\\]|\\.)*"|[^\s"]+)', for_people)
    assert [(name, json.loads(value)) for name, value in shown] == [("user_agent", text), ("status", 200)]
    fields = json.loads(for_programs)
    assert (fields["user_agent"], fields["status"]) == (text, 200)
    for line in (for_programs, for_people):
        assert line.isascii()
        assert line.isprintable()
