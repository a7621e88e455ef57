"""The two formats of a log line."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

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
    formatters = {as_json: log_config(as_json=as_json)["formatters"]["line"]["()"] for as_json in (True, False)}

    assert formatters == {True: JsonFormatter, False: TerminalFormatter}
