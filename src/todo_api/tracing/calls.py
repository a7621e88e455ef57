"""Spans of what a request waits for: statements, and fetches of keys."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from opentelemetry import trace
from opentelemetry.semconv.attributes import db_attributes as db
from opentelemetry.semconv.attributes import error_attributes as error_names
from opentelemetry.semconv.attributes import http_attributes as http
from opentelemetry.semconv.attributes import server_attributes as server
from opentelemetry.semconv.attributes import url_attributes as url_names
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.util.types import Attributes

_WRITES: Final = re.compile(r"\b(INSERT) INTO (\w+)|\b(UPDATE) (?!SET|SKIP|NOWAIT)(\w+)|\b(DELETE) FROM (\w+)")
_FIRST_TABLE: Final = re.compile(r"\bFROM (\w+)")
_PORTS: Final = {"http": 80, "https": 443, "postgresql": 5432}


class Calls:
    """The observers that adapters take. A statement that does not belong to a request has no span.

    Spans have neither values of statements nor messages of errors: these may contain texts of tasks.
    """

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def statements_of(self, system: str, place: str = "") -> Callable[[Sequence[str]], AbstractContextManager[object]]:
        """Return the observer of the statements of a kind of database, and of one at a URL."""
        constant = {db.DB_SYSTEM_NAME: system, **_attributes_of_place(place)}

        def observe(statements: Sequence[str]) -> AbstractContextManager[object]:
            if not trace.get_current_span().is_recording():
                return nullcontext()
            different = dict.fromkeys(statements)
            summary = " ".join(dict.fromkeys(map(summary_of, different)))
            attributes: dict[str, str | int] = {
                **constant,
                db.DB_QUERY_SUMMARY: summary,
                db.DB_QUERY_TEXT: "; ".join(different),
            }
            if len(statements) > 1:
                attributes[db.DB_OPERATION_BATCH_SIZE] = len(statements)
            return self._span(summary, attributes)

        return observe

    @contextmanager
    def fetch(self, url: str) -> Iterator[Callable[[int], None]]:
        """Observe the GET of a URL."""
        parts = urlsplit(url)
        attributes: Attributes = {
            http.HTTP_REQUEST_METHOD: "GET",
            url_names.URL_FULL: url,
            server.SERVER_ADDRESS: parts.hostname or "",
            server.SERVER_PORT: parts.port or _PORTS[parts.scheme],
        }
        with self._span("GET", attributes) as span:
            yield lambda status: span.set_attribute(http.HTTP_RESPONSE_STATUS_CODE, status)

    @contextmanager
    def _span(self, name: str, attributes: Attributes) -> Iterator[Span]:
        with self._tracer.start_as_current_span(
            name, kind=SpanKind.CLIENT, attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield span
            except BaseException as error:
                span.set_status(Status(StatusCode.ERROR))
                if sqlstate := getattr(error, "sqlstate", None):
                    span.set_attribute(db.DB_RESPONSE_STATUS_CODE, sqlstate)
                span.set_attribute(error_names.ERROR_TYPE, sqlstate or type(error).__qualname__)
                raise


def _attributes_of_place(url: str) -> dict[str, str | int]:
    """Return the name of a database, and its host unless it has several or is reached by a socket of the system."""
    parts = urlsplit(url)
    attributes: dict[str, str | int] = {}
    if namespace := url.rpartition("/")[2]:
        attributes[db.DB_NAMESPACE] = namespace
    if parts.hostname and "," not in parts.netloc:
        attributes |= {server.SERVER_ADDRESS: parts.hostname, server.SERVER_PORT: parts.port or _PORTS[parts.scheme]}
    return attributes


@lru_cache(maxsize=1024)
def summary_of(statement: str) -> str:
    """Return what a statement writes and where, such as `UPDATE task_lists UPDATE tasks`, else what it reads."""
    if writes := [" ".join(filter(None, groups)) for groups in _WRITES.findall(statement)]:
        return " ".join(dict.fromkeys(writes))
    command = statement.split(maxsplit=1)[0]
    table = _FIRST_TABLE.search(statement)
    return f"SELECT {table[1]}" if table else command
