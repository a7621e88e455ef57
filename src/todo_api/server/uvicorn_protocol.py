"""HTTP/1.1 by uvicorn and httptools, with the rules of RFC 9112 that these leave out.

Depends on internals of uvicorn: `HttpToolsProtocol` and `RequestResponseCycle`. pyproject.toml
has the ceiling, and test_uvicorn_protocol.py names each attribute that is used.
"""

import asyncio
import logging
import re
from contextlib import suppress
from typing import Any, Final

import httptools
from starlette.requests import Request
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from todo_api.http.headers import NO_SNIFFING
from todo_api.http.problems import MALFORMED, ProblemError, ProblemType, problem_response
from todo_api.middleware.limits import HEADERS_PROBLEM, MAX_HEAD_BYTES
from todo_api.middleware.request_log import new_request_id
from todo_api.server.transport import LINGER_SECONDS, ResponseTransport

ABORT: Final = "abort_connection"
"""The name in the scope's `state` of a function that ends the connection and drops unsent data."""

_NOT_HTTP: Final = ProblemError(MALFORMED, "the request is not HTTP/1.1 (RFC 9112)")
_ONE_HOST: Final = ProblemError(MALFORMED, "send one Host header field (RFC 9112 §3.2)")
_CHUNKED_1_0: Final = ProblemError(MALFORMED, "HTTP/1.0 has no Transfer-Encoding (RFC 9112 §6.1)")
_CODING: Final = ProblemError(
    ProblemType("VALIDATION_ERROR", 501, "The transfer coding is not supported"), "the only transfer coding is chunked"
)
_VERSION: Final = ProblemError(
    ProblemType("VALIDATION_ERROR", 505, "The HTTP version is not supported"), "use HTTP/1.1 or HTTP/1.0"
)
_HOST: Final = re.compile(rb"[A-Za-z0-9._~!$&'()*+,;=:%\[\]-]*")
_VERSIONS: Final = ("1.1", "1.0")
_log: Final = logging.getLogger("todo_api.requests")
_UPGRADE_FIELDS: Final = (b"connection", b"upgrade")


class _UntilClose(int):
    """The remaining length of a response that ends with its connection: it never runs out."""

    def __lt__(self, _: int) -> bool:
        return False

    def __sub__(self, _: int) -> "_UntilClose":
        return self


def _fault_of_head(version: str, fields: list[tuple[bytes, bytes]]) -> ProblemError | None:
    names = [name for name, _ in fields]
    hosts = names.count(b"host")
    if version not in _VERSIONS:
        return _VERSION
    if hosts != 1 and (hosts or version != "1.0"):
        return _ONE_HOST
    if hosts and not _HOST.fullmatch(fields[names.index(b"host")][1]):
        return _ONE_HOST
    return _fault_of_coding(version, fields) if b"transfer-encoding" in names else None


def _fault_of_coding(version: str, fields: list[tuple[bytes, bytes]]) -> ProblemError | None:
    if version == "1.0":
        return _CHUNKED_1_0
    items = b",".join(value for name, value in fields if name == b"transfer-encoding").split(b",")
    codings = [coding for item in items if (coding := item.strip(b" \t").lower())]
    return None if codings == [b"chunked"] else _CODING


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
        self.app_state = {**self.app_state, ABORT: transport.abort}

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
            self._refuse(_NOT_HTTP)
        if self._unfinished_bytes > MAX_HEAD_BYTES:
            self._refuse(HEADERS_PROBLEM)

    def eof_received(self) -> bool | None:  # type: ignore[override]  # asyncio allows either
        """Keep the connection open for a response that has not begun; else close it.

        A client that reads a stream is gone when it closes: the stream must end.
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
        if problem := _fault_of_head(version, self.headers):
            self._refuse(problem)
            return
        self._is_upgrade = self.parser.should_upgrade()
        if self._is_upgrade:
            return
        if version == "1.0":
            self.expect_100_continue = False
        super().on_headers_complete()
        self.headers = []  # Trailer fields go here, and nobody reads them.
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
            self._refuse(_NOT_HTTP)
            return
        options = [
            option.strip()
            for name, value in self.headers
            if name == b"connection"
            for option in value.split(b",")
            if option.strip().lower() != b"upgrade"
        ]
        fields = [(name, value) for name, value in self.headers if name not in _UPGRADE_FIELDS]
        fields.append((b"connection", b", ".join(options)))
        lines = b"".join(b"%s: %s\r\n" % field for field in fields)
        line = b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.data_received(b"%s\r\n%s\r\n%s" % (line, lines, rest))

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
        scope: dict[str, Any] = {"type": "http", "path": "", "request_id": new_request_id()}
        response = problem_response(Request(scope), problem)
        headers = b"".join(b"%s: %s\r\n" % header for header in (*response.raw_headers, NO_SNIFFING))
        status = STATUS_LINE[response.status_code]
        self.transport.write(b"%sconnection: close\r\n%s\r\n%s" % (status, headers, response.body))
        self._is_read = False
        self.transport.close()
        fields = {
            "request_id": scope["request_id"],
            "status": response.status_code,
            "error_code": scope["error_code"],
            "reason": problem.detail,
        }
        _log.info("request", extra={"fields": fields})

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
