"""The request log: one structured line for each request."""

import logging
import os
import re
import time
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from todo_api.http.headers import NO_SNIFFING
from todo_api.http.trace_context import trace_id_of
from todo_api.server.metrics.counts import Counts
from todo_api.server.shutdown import Shutdown

MAX_ADDRESS: Final = 64
"""With `TODO_TRUSTED_PROXIES=*`, the address may be any text."""
MAX_AGENT: Final = 256
_SERVER_ERROR: Final = 500
_CLOSE: Final = (b"connection", b"close")
_log: Final = logging.getLogger("todo_api.requests")
_RECORDS: Final = {
    level: logging.makeLogRecord(
        {"name": _log.name, "levelno": level, "levelname": logging.getLevelName(level), "msg": "request"}
    ).__dict__
    for level in (logging.INFO, logging.ERROR)
}
_WELL_FORMED: Final = re.compile(rb"[A-Za-z0-9._-]{1,128}")


class RequestLog:
    """Gives every request an id, times it, and logs it when its response is complete.

    The id is the header `X-Request-ID` if that is well-formed, otherwise a new id. The
    response has it too. The line says who did what, but never contains a token or a body.

    Inner layers find `request_id`, `trace_id` if there is one, and, once the response has begun,
    `status` in the scope. They may set `task_id`, `error_code` and `reason` there, which the line then contains.
    With `counts`, the fields of the line are also counted there.
    """

    def __init__(self, app: ASGIApp, shutdown: Shutdown, counts: Counts | None = None) -> None:
        self._app = app
        self._shutdown = shutdown
        self._counts = counts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = dict(scope["headers"])
        scope["request_id"] = request_id = _request_id(headers.get(b"x-request-id", b""))
        if b"traceparent" in headers:
            scope["trace_id"] = trace_id_of(scope["headers"])

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                scope["status"] = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode()), NO_SNIFFING]
                if self._shutdown.has_begun:
                    message["headers"].append(_CLOSE)
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            route, principal, client = scope.get("route"), scope.get("principal"), scope.get("client")
            agent = headers.get(b"user-agent")
            fields = {
                "request_id": request_id,
                "trace_id": scope.get("trace_id"),
                "method": scope["method"],
                "route": getattr(route, "path", None),
                "task_id": scope.get("task_id"),
                "status": scope.get("status", 0),
                "duration_ms": round((time.perf_counter() - started) * 1000, 3),
                "user_id": getattr(principal, "user_id", None),
                "client_address": client[0][:MAX_ADDRESS] if client else None,
                "user_agent": agent[:MAX_AGENT].decode("latin-1") if agent else None,
                "error_code": scope.get("error_code"),
                "reason": scope.get("reason"),
            }
            if self._counts is not None:
                self._counts.count_request(fields)
            log_request(fields)


def log_request(fields: dict[str, Any]) -> None:
    """Log a request with these fields: at the level `error` if its status is 500 or above, else `info`."""
    level = logging.ERROR if fields["status"] >= _SERVER_ERROR else logging.INFO
    if logging.getLogRecordFactory() is not logging.LogRecord:
        _log.log(level, "request", extra={"fields": fields})
    elif _log.isEnabledFor(level):
        _log.handle(_record(level, fields))


def _record(level: int, fields: dict[str, Any]) -> logging.LogRecord:
    """Return a log record of the current time, copied from a template (docs/decisions/0011)."""
    record = logging.LogRecord.__new__(logging.LogRecord)
    now = time.time()
    record.__dict__ = _RECORDS[level] | {"created": now, "msecs": now % 1 * 1000, "fields": fields}
    return record


def _request_id(given: bytes) -> str:
    return given.decode() if _WELL_FORMED.fullmatch(given) else new_request_id()


def new_request_id() -> str:
    """Return a new, unique id."""
    return os.urandom(16).hex()
