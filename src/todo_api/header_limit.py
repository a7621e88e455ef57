"""What uvicorn lacks: a limit to the size of a request's head, and a way to cut a connection off."""

import asyncio
import secrets
from itertools import chain
from typing import Any, Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from todo_api.problems import HEAD_TOO_LARGE, Refusal, answer

MAX_HEAD_BYTES: Final = 64 * 1024
ABORT: Final = "abort_connection"
"""The name in the scope's `state` of what ends the connection without sending what waits to be sent."""
_REFUSAL: Final = Refusal(HEAD_TOO_LARGE, f"address and headers must have at most {MAX_HEAD_BYTES} bytes")


class HeaderLimit:
    """Refuses a request whose address and headers have more than 64 KiB in all (RFC 6585 §5)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and _head_bytes(scope) > MAX_HEAD_BYTES:
            await answer(Request(scope), _REFUSAL)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _head_bytes(scope: Scope) -> int:
    return sum(map(len, chain([scope["path"], scope["query_string"]], *scope["headers"])))


class BoundedHttpProtocol(HttpToolsProtocol):
    """HTTP/1.1 that ends a connection whose head does not end: no app would ever see it, and memory would fill.

    An app can end a connection at once, whose reader takes nothing: what uvicorn
    closes stays in memory until all of it is read.
    """

    _unfinished_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to serve a connection."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, ABORT: transport.abort}

    def data_received(self, data: bytes) -> None:
        """Take what came; it counts until the parser gets somewhere with it."""
        self._unfinished_bytes += len(data)
        super().data_received(data)
        if self._unfinished_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.transport.write(_refused_head())
            self.transport.close()

    def on_headers_complete(self) -> None:
        """Begin to serve the request."""
        self._unfinished_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Pass a part of the body on."""
        self._unfinished_bytes = 0
        super().on_body(body)


def _refused_head() -> bytes:
    scope: dict[str, Any] = {"type": "http", "path": "", "request_id": secrets.token_hex(16)}
    response = answer(Request(scope), _REFUSAL)
    headers = b"".join(b"%s: %s\r\n" % header for header in response.raw_headers)
    return b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n%s\r\n%s" % (headers, response.body)
