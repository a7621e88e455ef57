"""A connection of uvicorn whose waits and whose unsent data have bounds.

Depends on internals of uvicorn: `HttpToolsProtocol` and `RequestResponseCycle`.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from todo_api.http.user_limits import REPEAT_REFUSAL
from todo_api.server.connections import Connections, Wait
from todo_api.server.transport import ResponseTransport

ABORT_CONNECTION: Final = "abort_connection"
"""The name in the scope's `state` of a function that ends the connection and drops unsent data."""
ENDLESS: Final = "endless_response"
"""The name in the scope's `state` that tells of a response without an end, which its client ends."""
CLIENT_TOO_SLOW: Final = "CLIENT_TOO_SLOW"
"""The error code in the log of a response that was not read in time."""
MAX_UNWATCHED_BYTES: Final = 16 * 1024
"""Up to this size, data that a client does not read has neither a deadline nor a share in the bound of the memory."""


class BoundedConnection(HttpToolsProtocol):
    """Tells the registry of connections what this one waits for, and closes it in one or two steps.

    When a response is complete and the request's body is not, the rest is read for a
    bounded time.
    """

    # Slots, since a dictionary of more than 30 attributes is no longer shared, and slower.
    __slots__ = ("_connections", "_is_closing", "_is_read", "_running", "_wait", "unsent_bytes")

    def __init__(self, *args: Any, connections: Connections, **settings: Any) -> None:
        """Take what uvicorn's protocol takes, and the connections of the process."""
        super().__init__(*args, **settings)
        self._connections = connections
        self._wait: Wait | None = None
        self._running: RequestResponseCycle = None  # type: ignore[assignment]  # until the first request, as `cycle`
        self._is_read = True
        self._is_closing = False
        self.unsent_bytes: Callable[[], int]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to serve a connection."""
        wrapped = ResponseTransport(transport, self._close)
        super().connection_made(wrapped)  # type: ignore[arg-type]  # has all that is used
        repeat_refusal = self._connections.refusals.remember
        self.app_state = {**self.app_state, ABORT_CONNECTION: transport.abort, REPEAT_REFUSAL: repeat_refusal}
        transport.set_write_buffer_limits(MAX_UNWATCHED_BYTES)
        self.unsent_bytes = transport.get_write_buffer_size
        self._connections.opening.pop(self, None)
        self._connections.idle[self] = self.loop.time()

    def connection_lost(self, exc: Exception | None) -> None:
        """End everything that waits for the connection."""
        self._connections.forget(self)
        self._disconnect_running()
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def is_new(self) -> bool:
        """Return whether the head of its first request is not complete."""
        return self._running is None

    def _is_responding(self) -> bool:
        return self._running is not None and not self._running.response_complete

    def _disconnect_running(self) -> None:
        """Tell the app that the client has disconnected: uvicorn tells only the last of pipelined requests."""
        if self._is_responding():
            self._running.disconnected = True
            self._running.message_event.set()

    def on_response_complete(self) -> None:
        """Serve the next request, or wait for it; whatever is left of this one is read for a bounded time.

        Replaces uvicorn's, which sets a timer for each response.
        """
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif not self._is_read:
            self._expect(Wait.CLOSE)
        elif not self._wait:
            self._connections.idle[self] = self.loop.time()

    def pause_writing(self) -> None:
        """Begin the deadline of a client that reads too slowly."""
        super().pause_writing()
        # The event loop keeps all of what it was given until the last byte of it is sent.
        self._connections.begin_unsent(self, max(self.transport.last_bytes, self.unsent_bytes()))  # type: ignore[attr-defined]

    def resume_writing(self) -> None:
        """End the deadline of a client that reads too slowly."""
        super().resume_writing()
        self._connections.end_unsent(self)

    def expire(self, wait: Wait) -> None:
        """End a wait that took too long, or prolong it."""

    def abort(self) -> None:
        """Close at once, and drop unsent data."""
        self._is_closing = True
        self.connections.discard(self)
        if self._is_responding():
            scope: dict[str, Any] = self._running.scope  # type: ignore[assignment]  # the request log's part of it
            scope.setdefault("error_code", CLIENT_TOO_SLOW)
        self.loop.call_soon(self.transport.abort)  # not at once: the transport may be writing

    def _close(self) -> bool:
        """Return whether the transport can be closed in one step: all of the request was read."""
        self._is_closing = True
        self._connections.idle.pop(self, None)
        self._expect(Wait.CLOSE)
        if not self._is_read:
            self.flow.resume_reading()  # uvicorn pauses it while a body waits for the app
        return self._is_read

    def _expect(self, wait: Wait) -> None:
        self._wait = wait
        self._connections.expect(self, wait)

    def _end_wait(self) -> None:
        self._connections.stop_waiting(self)
        is_next_awaited = self._wait is Wait.CLOSE
        self._wait = None
        if is_next_awaited:
            self._connections.idle[self] = self.loop.time()
