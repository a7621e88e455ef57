"""Limit the size of the address and the headers of a request, which uvicorn does not do."""

from collections.abc import Awaitable
from itertools import chain
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from todo_api.http.problems import HEADERS_TOO_LARGE, ProblemError, problem_response

MAX_HEAD_BYTES: Final = 64 * 1024
HEADERS_PROBLEM: Final = ProblemError(
    HEADERS_TOO_LARGE, f"address and headers must have at most {MAX_HEAD_BYTES} bytes"
)


class HeaderLimit:
    """Refuses a request whose address and headers together have more than 64 KiB (RFC 6585 §5)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Serve one request."""
        is_too_large = scope["type"] == "http" and _head_bytes(scope) > MAX_HEAD_BYTES
        app = problem_response(Request(scope), HEADERS_PROBLEM) if is_too_large else self._app
        return app(scope, receive, send)


def _head_bytes(scope: Scope) -> int:
    return len(scope["path"]) + len(scope["query_string"]) + len(b"".join(chain.from_iterable(scope["headers"])))
