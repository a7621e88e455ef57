"""HTTP/1.1 by uvicorn and httptools, with the rules of RFC 9112 that these leave out.

Depends on internals of uvicorn: `HttpToolsProtocol` and `RequestResponseCycle`. pyproject.toml
has the ceiling, and test_uvicorn_protocol.py names each attribute that is used.
"""

import asyncio
from contextlib import suppress
from typing import Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from todo_api.http.problems import ProblemError
from todo_api.middleware.limits import HEADERS_PROBLEM, MAX_HEAD_BYTES
from todo_api.server.refusals import refusal
from todo_api.server.request_heads import NOT_HTTP, fault_of_head, head_without_upgrade
from todo_api.server.transport import LINGER_SECONDS, ResponseTransport

ABORT_CONNECTION: Final = "abort_connection"
"""The name in the scope's `state` of a function that ends the connection and drops unsent data."""


class _UntilClose(int):
    """The remaining length of a response that ends with its connection: it never runs out."""

    def __lt__(self, _: int) -> bool:
        return False

    def __sub__(self, _: int) -> "_UntilClose":
        return self


class HttpProtocol(HttpToolsProtocol):
    """One connection.

    Besides what uvicorn does, it
    - refuses a head that does not end, before it fills the memory;
    - ignores `Upgrade`, and serves the request with its body;
    - keeps trailer fields apart from the header fields;
    - reads on for a bounded time when a response is complete and the request's body is not;
    - sends a response to a client that has closed its own sending side;
    - ends a response to HTTP/1.0 with the connection, not with a chunk.
    """

    # Slots, since a dictionary of more than 30 attributes is no longer shared, and slower.
    __slots__ = ("_drain", "_has_blanks", "_is_closing", "_is_read", "_is_upgrade", "_unfinished_bytes")

    def __init__(self, *args: Any, **settings: Any) -> None:
        """Take what uvicorn's protocol takes."""
        super().__init__(*args, **settings)
        self._unfinished_bytes = 0
        self._is_read = True
        self._is_closing = False
        self._is_upgrade = False
        self._has_blanks = False
        self._drain: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to serve a connection."""
        wrapped = ResponseTransport(transport, self._close)
        super().connection_made(wrapped)  # type: ignore[arg-type]  # has all that is used
        self.app_state = {**self.app_state, ABORT_CONNECTION: transport.abort}

    def connection_lost(self, exc: Exception | None) -> None:
        """End everything that waits for the connection."""
        self._end_drain()
        self.transport.close()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse data; it counts as a head until the parser completes one."""
        if self._is_closing:
            self._discard(data)
            return
        self._unset_keepalive_if_required()
        self._unfinished_bytes += len(data)
        self._has_blanks = b" \r\n" in data or b"\t\r\n" in data
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._ignore_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._refuse(NOT_HTTP)
        if self._unfinished_bytes > MAX_HEAD_BYTES:
            self._refuse(HEADERS_PROBLEM)

    def eof_received(self) -> bool | None:  # type: ignore[override]  # asyncio allows either
        """Keep the connection open for a response that has not begun; else close it.

        The end of its sending side tells that a client of a stream has disconnected.
        """
        cycle = self.cycle
        is_awaited = self._is_read and cycle is not None and not cycle.response_started
        if not is_awaited or self._is_closing or self.scheme == "https":
            return None
        cycle.keep_alive = False
        return True

    def on_headers_complete(self) -> None:
        """Begin to serve the request."""
        if self._is_closing:
            return
        self._unfinished_bytes = 0
        self._is_read = False
        if self._has_blanks:  # RFC 9112 §5.1; the same list is in the scope
            self.headers[:] = [(name, value.strip(b" \t")) for name, value in self.headers]
        version = self.parser.get_http_version()
        if problem := fault_of_head(version, self.headers):
            self._refuse(problem)
            return
        self._is_upgrade = self.parser.should_upgrade()
        if self._is_upgrade:
            return
        if version == "1.0":
            self.expect_100_continue = False
        super().on_headers_complete()
        self.headers = []  # Trailer fields go here, and no code reads them.
        if version == "1.0":
            self.cycle.chunked_encoding = False
            self.cycle.expected_content_length = _UntilClose(0)
        if self.expect_100_continue:
            self._close_unless_body_is_read()

    def on_body(self, body: bytes) -> None:
        """Pass a part of the body on."""
        self._unfinished_bytes = 0
        if not self._is_closing:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """End the request."""
        if self._is_upgrade:
            return
        self._is_read = True
        self._unfinished_bytes = 0
        if self._drain:
            self._end_drain()
        if not self._is_closing:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """End the response; whatever is left of the request is read for a bounded time."""
        super().on_response_complete()
        if not self._is_read and not self._is_closing:
            self._drain = self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def shutdown(self) -> None:
        """End the connection as soon as its response is complete."""
        super().shutdown()
        if self._is_closing:
            self.transport.close()

    def _close(self) -> bool:
        """Return whether the transport can be closed in one step: all of the request was read."""
        self._is_closing = True
        if not self._is_read:
            self.flow.resume_reading()  # uvicorn pauses it while a body waits for the app
        return self._is_read

    def _ignore_upgrade(self, rest: bytes) -> None:
        """Parse the request again without its Upgrade field, which httptools stops at (RFC 9110 §7.8)."""
        if self.parser.get_method() == b"CONNECT":
            self._refuse(NOT_HTTP)
            return
        version = self.parser.get_http_version()
        head = head_without_upgrade(self.parser.get_method(), self.url, version, self.headers)
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.data_received(head + rest)

    def _close_unless_body_is_read(self) -> None:
        """Close after a final response without 100 (Continue): the client may send the body, or not."""
        cycle = self.cycle
        receive, keep_alive = cycle.receive, cycle.keep_alive

        async def receive_and_keep_alive() -> Any:
            cycle.keep_alive = keep_alive
            return await receive()

        cycle.keep_alive = False
        cycle.receive = receive_and_keep_alive  # type: ignore[method-assign]

    def _refuse(self, problem: ProblemError) -> None:
        """Send a problem in place of the response, and close in two steps."""
        if self._is_closing:
            return
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()
            if cycle.response_started:
                self._is_closing = True
                self.transport.abort()
                return
        self.transport.write(refusal(problem))
        self._is_read = False
        self.transport.close()

    def _discard(self, data: bytes) -> None:
        """Read on to the end of the request after the response."""
        with suppress(httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.parser.feed_data(data)
        if self._is_read:
            self.transport.close()

    def _end_drain(self) -> None:
        if self._drain:
            self._drain.cancel()
            self._drain = None
