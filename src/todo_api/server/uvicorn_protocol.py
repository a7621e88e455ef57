"""What uvicorn's HTTP/1.1 lacks: an end to heads that don't end, a way to cut a reader off, and whole answers."""

import asyncio
from typing import Any, Final

from starlette.requests import Request
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from todo_api.http.headers import NO_SNIFFING
from todo_api.http.problems import problem_response
from todo_api.middleware.limits import HEADERS_PROBLEM, MAX_HEAD_BYTES
from todo_api.middleware.request_log import new_request_id

ABORT: Final = "abort_connection"
"""The name in the scope's `state` of what ends the connection without sending what waits to be sent."""


class CoalescingTransport:
    """A transport that sends an answer's head together with its body.

    uvicorn writes them one after the other, and to give each to the system by itself
    takes it, and the caller, twice the time. A head whose body is yet to be made is
    sent in the event loop's next turn. All else is the transport's own.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""
        self._call_soon = asyncio.get_running_loop().call_soon
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        """Send this and what waits, or, if nothing does, let this wait for what comes next."""
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head + data)
        else:
            self._head = data
            self._call_soon(self._send)

    def close(self) -> None:
        """Send what waits, and close the transport."""
        self._send()
        self._transport.close()

    def _send(self) -> None:
        if self._head and not self.is_closing():
            self._transport.write(self._head)
        self._head = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class HttpProtocol(HttpToolsProtocol):
    """HTTP/1.1 that writes whole answers.

    It ends a connection whose head does not end: no app would ever see it, and memory
    would fill. An app can end a connection at once, whose reader takes nothing: what uvicorn
    closes stays in memory until all of it is read.
    """

    _unfinished_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to serve a connection."""
        super().connection_made(CoalescingTransport(transport))  # type: ignore[arg-type]  # has all of it
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
    scope: dict[str, Any] = {"type": "http", "path": "", "request_id": new_request_id()}
    response = problem_response(Request(scope), HEADERS_PROBLEM)
    headers = b"".join(b"%s: %s\r\n" % header for header in (*response.raw_headers, NO_SNIFFING))
    return b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n%s\r\n%s" % (headers, response.body)
