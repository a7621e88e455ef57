"""HTTP/1.1 by uvicorn and httptools, with the rules of RFC 9112 that these leave out.

Depends on internals of uvicorn: `HttpToolsProtocol` and `RequestResponseCycle`. pyproject.toml
has the ceiling, and test_uvicorn_protocol.py names each attribute that is used.
"""

import asyncio
from contextlib import suppress
from typing import Any, Final

import httptools

from todo_api.http.deadlines import HAS_DISCONNECTED
from todo_api.http.problems import ProblemError
from todo_api.middleware.limits import HEADERS_PROBLEM, MAX_HEAD_BYTES
from todo_api.server.connections import Wait
from todo_api.server.refusals import STOPPING, TOO_SLOW, refusal
from todo_api.server.request_heads import NOT_HTTP, fault_of_head, head_without_upgrade
from todo_api.server.uvicorn_connection import ENDLESS, BoundedConnection
from todo_api.server.uvicorn_cycle import close_unless_body_is_read, end_with_connection

FIRST_REQUEST_SECONDS: Final = 0.5
"""How long the server waits at its end for the first request of a connection."""
MAX_PIPELINED: Final = 100
"""How many requests of one connection may wait for the response to an earlier one."""


class HttpProtocol(BoundedConnection):
    """One connection.

    Besides what uvicorn does, it
    - refuses a head that does not end, before it fills the memory;
    - ignores `Upgrade`, and serves the request with its body;
    - keeps trailer fields apart from the header fields;
    - sends a response to a client that has closed its own sending side;
    - ends a response to HTTP/1.0 with the connection, not with a chunk.
    """

    __slots__ = ("_has_blanks", "_is_half_closed", "_is_upgrade", "_unfinished_bytes")

    def __init__(self, *args: Any, **settings: Any) -> None:
        """Take what the bounded connection takes."""
        super().__init__(*args, **settings)
        self._unfinished_bytes = 0
        self._is_half_closed = False
        self._is_upgrade = False
        self._has_blanks = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to serve a connection."""
        super().connection_made(transport)
        self.app_state[HAS_DISCONNECTED] = self._has_disconnected

    def data_received(self, data: bytes) -> None:
        """Parse data."""
        while data:
            data = self._parse(data)

    def _parse(self, data: bytes) -> bytes:
        """Parse data up to an Upgrade, and return the rest; data counts as a head until the parser completes one."""
        if self._is_closing:
            self._discard(data)
            return b""
        self._unfinished_bytes += len(data)
        # Too long to search it: a part of a body.
        self._has_blanks = len(data) > MAX_HEAD_BYTES or b" \r\n" in data or b"\t\r\n" in data
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            return self._ignore_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._refuse(NOT_HTTP)
        if self._unfinished_bytes > MAX_HEAD_BYTES:
            self._refuse(HEADERS_PROBLEM)
        if self._unfinished_bytes or not self._is_read:
            self._bound_rest()
        return b""

    def eof_received(self) -> bool | None:  # type: ignore[override]  # asyncio allows either
        """Keep the connection open for the responses to complete requests; else close it.

        The end of its sending side tells that a client of an endless stream has disconnected.
        """
        if not self._is_read or self._is_closing or not self._is_responding() or self.scheme == "https":
            return None
        if ENDLESS in self._running.scope["state"]:
            return None
        self.cycle.keep_alive = False
        self._is_half_closed = True
        return True

    def _has_disconnected(self) -> bool:
        """Return whether the client has closed at least its sending side: most clients have given up then."""
        return self._is_half_closed or self.transport.is_closing()

    def on_headers_complete(self) -> None:
        """Begin to serve the request."""
        if self._is_closing:
            return
        self._unfinished_bytes = 0
        self._is_read = False
        self._connections.idle.pop(self, None)
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
        if len(self.pipeline) == MAX_PIPELINED:
            self._connections.tally.count("pipelined")
            self.abort()
            return
        super().on_headers_complete()
        self.headers = []  # Trailer fields go here, and no code reads them.
        if version == "1.0":
            end_with_connection(self.cycle)
        if self.expect_100_continue:
            close_unless_body_is_read(self.cycle)

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
        if self._wait and not self._is_closing:
            self._end_wait()
        if not self._is_closing:
            super().on_message_complete()

    def expire(self, wait: Wait) -> None:
        """End a wait that took too long, unless the client waits for this server."""
        if wait is Wait.REQUEST:
            self.transport.close()
        elif wait is Wait.CLOSE and not self.unsent_bytes():
            self.abort()
        elif (wait is Wait.HEAD and not self._is_responding()) or (wait is Wait.BODY and not self._is_body_held_back()):
            self._connections.tally.count(wait.value)
            self._refuse(TOO_SLOW)
        else:
            if wait is Wait.CLOSE:  # The last of a response, too: only without progress is it dropped.
                self._connections.watch_unsent(self)
            self._expect(wait)

    def shutdown(self) -> None:
        """End the connection as soon as its response is complete.

        A new connection has a moment for its first request: a proxy has already sent it.
        """
        if self.cycle is None and not self._is_closing:
            self.loop.call_later(FIRST_REQUEST_SECONDS, self._shut_down)
        else:
            self._shut_down()

    def _shut_down(self) -> None:
        super().shutdown()
        if self._is_closing:
            self.transport.close()

    def cut(self) -> None:
        """End the connection now. A request without a response gets one, which says that the server stops."""
        if self._is_closing or not self._is_responding():
            self.abort()
            return
        scope: dict[str, Any] = self._running.scope  # type: ignore[assignment]  # the request log's part of it
        scope["error_code"] = STOPPING.problem_type.error_code
        self._refuse(STOPPING)

    def _ignore_upgrade(self, rest: bytes) -> bytes:
        """Return the request and what follows, without the Upgrade field, which httptools stops at (RFC 9110 §7.8)."""
        if self.parser.get_method() == b"CONNECT":
            self._refuse(NOT_HTTP)
            return b""
        version = self.parser.get_http_version()
        head = head_without_upgrade(self.parser.get_method(), self.url, version, self.headers)
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return head + rest

    def _refuse(self, problem: ProblemError) -> None:
        """Send a problem in place of the response, and close in two steps."""
        if self._is_closing:
            return
        if self._is_responding():
            is_begun = self._running.response_started or self.pipeline
            self._disconnect_running()
            if is_begun:
                self._is_closing = True
                self.transport.abort()
                return
        self.transport.write(refusal(problem, self.client))
        self._is_read = False
        self.transport.close()

    def _discard(self, data: bytes) -> None:
        """Read on to the end of the request after the response."""
        with suppress(httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.parser.feed_data(data)
        if self._is_read:
            self.transport.close()

    def _bound_rest(self) -> None:
        """Bound the wait for the rest of a head from its first byte, and for that of a body from its last byte."""
        if self._is_closing or self._wait is Wait.CLOSE:
            return
        if not self._is_read:
            self._expect(Wait.BODY)
        elif self._wait is None:
            self._connections.idle.pop(self, None)
            self._expect(Wait.HEAD)

    def _is_body_held_back(self) -> bool:
        """Return whether the client can't send the body, because this server does not read it yet."""
        return self.flow.read_paused or bool(self.pipeline) or self.cycle.waiting_for_100_continue
