"""The request log: one structured line for each request."""

import logging
import os
import re
import time
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from todo_api.http.headers import NO_SNIFFING, header_lines
from todo_api.server.metrics.counts import Counts
from todo_api.server.shutdown import Shutdown

_CLOSE: Final = (b"connection", b"close")
_log: Final = logging.getLogger("todo_api.requests")
_RECORD: Final = logging.makeLogRecord(
    {"name": _log.name, "levelno": logging.INFO, "levelname": "INFO", "msg": "request"}
).__dict__
_WELL_FORMED: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")


class RequestLog:
    """Gives every request an id, times it, and logs it when its response is complete.

    The id is the header `X-Request-ID` if that is well-formed, otherwise a new id. The
    response has it too. The line contains the method, the route template and the user,
    but never a token or a body.

    Inner layers find `request_id` and, once the response has begun, `status` in the
    scope. They may set `error_code` and `reason` there, which the line then contains. With
    `counts`, the fields of the line are also counted there.
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
        scope["request_id"] = request_id = _request_id(scope)

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
            route, principal = scope.get("route"), scope.get("principal")
            fields = {
                "request_id": request_id,
                "method": scope["method"],
                "route": getattr(route, "path", None),
                "status": scope.get("status", 0),
                "duration_ms": round((time.perf_counter() - started) * 1000, 3),
                "user_id": getattr(principal, "user_id", None),
                "error_code": scope.get("error_code"),
                "reason": scope.get("reason"),
            }
            if self._counts is not None:
                self._counts.count_request(fields)
            if logging.getLogRecordFactory() is not logging.LogRecord:
                _log.info("request", extra={"fields": fields})
            elif _log.isEnabledFor(logging.INFO):
                _log.handle(_record(fields))


def _record(fields: dict[str, Any]) -> logging.LogRecord:
    """Return a log record of the current time, copied from a template (docs/decisions/0011)."""
    record = logging.LogRecord.__new__(logging.LogRecord)
    now = time.time()
    record.__dict__ = _RECORD | {"created": now, "msecs": now % 1 * 1000, "fields": fields}
    return record


def _request_id(scope: Scope) -> str:
    given = header_lines(scope, b"x-request-id")
    return given[0] if given and _WELL_FORMED.fullmatch(given[0]) else new_request_id()


def new_request_id() -> str:
    """Return a new, unique id."""
    return os.urandom(16).hex()
