"""No parser that a request reaches takes more than linear time.

Each parses an input and one that is 16 times as long. The longer one may take 64 times the CPU time: a linear
parser takes 16 times, a quadratic one 256 times.
"""

import asyncio
import json
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from starlette.requests import Request
from starlette.types import Message

from todo_adapters.jwt.encoding import read_json_object as read_token_part
from todo_api.http.accept import preferred
from todo_api.http.endpoint import Model
from todo_api.http.hints import hint_for
from todo_api.http.media_types import media_type_in_utf8
from todo_api.http.owner_route import _read_model, _read_query
from todo_api.http.preconditions import expected_revisions, tag_matcher
from todo_api.http.problems import ProblemError
from todo_api.http.request_body import has_too_many_values, json_object, read_body
from todo_api.http.trace_context import trace_id_of
from todo_api.imports.formats import Format, check
from todo_api.imports.report import Report
from todo_api.middleware.forwarded import ForwardedHeaders
from todo_api.routes.tasks import router
from todo_api.schemas.batches import BatchRequest
from todo_api.schemas.parameters import ListParameters
from todo_api.schemas.task_bodies import TaskCreate
from todo_domain import FeedToken, TodoError, UserId
from todo_domain.cursor import decode_cursor

_SHORT: Final = 1_000
_FACTOR: Final = 16
_MOST: Final = 64


def _read_body(body: bytes) -> None:
    chunks = [body[start : start + 8] for start in range(0, len(body), 8)][::-1]
    scope = {"type": "http", "method": "POST", "headers": [(b"content-type", b"application/json")]}

    async def receive() -> Message:
        return {"type": "http.request", "body": chunks.pop(), "more_body": bool(chunks)}

    json_object(asyncio.run(read_body(Request(scope, receive), ("application/json",), 1_000_000)))


def _read_forwarded(value: bytes) -> None:
    async def app(*_: object) -> None: ...

    headers = [(b"x-forwarded-for", value), (b"x-forwarded-proto", value)]
    scope = {"type": "http", "client": ("127.0.0.1", 1), "scheme": "http", "headers": headers}
    asyncio.run(ForwardedHeaders(app, ["127.0.0.1"])(scope, None, None))  # type: ignore[arg-type]


def _read_tag(tag: str) -> None:
    _read_model(TaskCreate, {"title": tag, "description": tag, "tags": [tag]}, "body")


def _match_path(path: str) -> None:
    for route in router.routes:
        route.path_regex.match(path)  # type: ignore[attr-defined]
    hint_for(path)


def _check(form: Format) -> Callable[[str], object]:
    return lambda text: check(text.encode(), form, Report(datetime.now(UTC)))


def _vikunja(description: str) -> str:
    return json.dumps([{"title": "a", "tasks": [{"title": "a", "description": description}]}])


_query = _read_query.__wrapped__
_list_query = Model("query", ListParameters, frozenset({"tag", "priority"}))
_INPUTS: Final[dict[str, tuple[Callable[[Any], Any], Callable[[int], Any]]]] = {
    "media type: blanks": (media_type_in_utf8, lambda n: "a/b;" + " " * n + "x y"),
    "media type: parameters": (media_type_in_utf8, lambda n: "a/b" + ";c=d" * (n // 4) + ","),
    "media type: open quotes": (media_type_in_utf8, lambda n: 'a/b;c="' + '\\"' * (n // 2)),
    "media type: one token": (media_type_in_utf8, lambda n: "a" * n),
    "entity tags: many": (expected_revisions, lambda n: '"1",' * (n // 4) + "x"),
    "entity tags: one": (expected_revisions, lambda n: '"' + "a" * n),
    "entity tags: blanks": (expected_revisions, lambda n: '"1"' + " ," * (n // 2) + "x"),
    "entity tags: to match": (lambda tags: tag_matcher(tags)('"1"'), lambda n: 'W/"a",' * (n // 6)),
    "accept: ranges": (lambda text: preferred(text, ["a/b"]), lambda n: "a/c;q=0.5," * (n // 10)),
    "accept: parameters": (lambda text: preferred(text, ["a/b"]), lambda n: "a/c" + ";q=0 " * (n // 5)),
    "trace": (lambda text: trace_id_of([(b"traceparent", text)]), lambda n: b"01-" + b"a" * n),
    "query: parameters": (lambda text: _query(_list_query, text), lambda n: b"&a=1" * (n // 40)),
    "query: tags": (lambda text: _query(_list_query, text), lambda n: b"&tag=a" * (n // 60)),
    "query: escapes": (lambda text: _query(_list_query, text), lambda n: b"q=" + b"%CC%81%CC%A3" * (n // 12)),
    "query: cursor": (lambda text: _query(_list_query, text), lambda n: b"cursor=" + b"W" * n),
    "query: no parameters": (lambda text: _query(None, text), lambda n: b"&" * n),
    "cursor: nested": (lambda text: decode_cursor(text, "x"), lambda n: "W1tb" * (n // 4)),
    "feed token": (FeedToken.parse, lambda n: "a." + "1" * n),
    "user id": (UserId, lambda n: "a" * n + "/"),
    "path": (_match_path, lambda n: "/api/a/tasks" + "/a" * (n // 2)),
    "path: slashes": (_match_path, lambda n: "/" * n),
    "token: nested": (read_token_part, lambda n: b'{"a":' * (n // 5)),
    "token: digits": (read_token_part, lambda n: b'{"a":' + b"1" * n + b"}"),
    "body: nested": (_read_body, lambda n: b"[" * n),
    "body: digits": (_read_body, lambda n: b"1" * n),
    "body: names": (_read_body, lambda n: b"{" + b",".join(b'"%d":1' % i for i in range(n // 8)) + b"}"),
    "body: escapes": (_read_body, lambda n: b'"' + b"\\u0041" * (n // 6)),
    "body: values": (has_too_many_values, lambda n: b'"\\"' + b'\\"' * (n // 2)),
    "task: combining marks": (_read_tag, lambda n: "a" + "\u0301\u0323" * n),
    "task: marks after a tab": (_read_tag, lambda n: "a\ta" + "\u0301\u0323" * n),
    "task: unknown names": (
        lambda names: _read_model(TaskCreate, names, "body"),
        lambda n: {f"n{i}": 1 for i in range(n // 10)},
    ),
    "task: rule": (
        lambda rule: _read_model(TaskCreate, {"title": "a", "recurrence": {"rule": rule}}, "body"),
        lambda n: "FREQ=DAILY;BYMONTHDAY=" + "1," * (n // 2),
    ),
    "batch: tags": (
        lambda count: _read_model(BatchRequest, {"operations": [_create(["a"] * count)]}, "body"),
        lambda n: n,
    ),
    "batch: items": (
        lambda count: _read_model(BatchRequest, {"operations": [_create([], [{"title": "a"}] * count)]}, "body"),
        lambda n: n,
    ),
    "batch: operations": (
        lambda count: _read_model(BatchRequest, {"operations": [_create([])] * count}, "body"),
        lambda n: n,
    ),
    "import: lines": (_check(Format.NDJSON), lambda n: '{"kind":"task","title":"a"}\n' * (n // 100)),
    "import: nested": (_check(Format.TAKEOUT), lambda n: "[" * n),
    "import: labels": (_check(Format.TODOIST), lambda n: "TYPE,CONTENT\ntask," + " @" * n),
    "import: quotes": (_check(Format.TODOIST), lambda n: "TYPE,CONTENT\n" + '"' * n),
    "import: subtasks": (
        _check(Format.TODOIST),
        lambda n: "TYPE,CONTENT,INDENT\ntask,a,1\n" + "task,a,2\n" * (n // 20),
    ),
    "import: parents": (
        _check(Format.ICAL),
        lambda n: (
            "BEGIN:VCALENDAR\n"
            + "".join(f"BEGIN:VTODO\nUID:{i}\nRELATED-TO:{i + 1}\nEND:VTODO\n" for i in range(n // 40))
        ),
    ),
    "import: folds": (_check(Format.ICAL), lambda n: "BEGIN:VCALENDAR\nBEGIN:VTODO\nSUMMARY:a" + "\n a" * n),
    "import: parameters": (_check(Format.ICAL), lambda n: "BEGIN:VCALENDAR\nBEGIN:VTODO\nDUE" + ";A=b" * n + '"'),
    "import: commas": (_check(Format.ICAL), lambda n: "BEGIN:VCALENDAR\nBEGIN:VTODO\nCATEGORIES:" + ",\\," * n),
    "import: tags of HTML": (_check(Format.VIKUNJA), lambda n: _vikunja("<a" * n)),
    "forwarded": (_read_forwarded, lambda n: b"127.0.0.1," * (n // 10)),
}


def _create(tags: list[str], checklist: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    return {"op": "create", "task": {"title": "a", "tags": tags, "checklist": list(checklist)}}


def _growth(parse: Callable[[Any], Any], make: Callable[[int], Any]) -> float:
    """Return the CPU time of the longer input divided by that of the shorter one; the least of several tries."""
    return min(_seconds(parse, make(_SHORT * _FACTOR)) / _seconds(parse, make(_SHORT)) for _ in range(3))


def _seconds(parse: Callable[[Any], Any], given: Any) -> float:
    started = time.thread_time()
    with suppress(TodoError, ProblemError, ValueError, RecursionError):
        parse(given)
    return time.thread_time() - started


@pytest.mark.parametrize("name", _INPUTS)
def test_a_parser_takes_linear_time(name: str) -> None:
    assert _growth(*_INPUTS[name]) < _MOST


def test_a_quadratic_parser_is_found() -> None:
    assert _growth(re.compile("a*b").search, lambda n: "a" * n) > _MOST
