"""A connection's transport: it sends whole responses, and closes without losing one."""

import asyncio
from collections.abc import Callable
from typing import Any


class ResponseTransport:
    """A transport that sends a response's head together with its body, and can close in two steps.

    uvicorn writes head and body separately: two system calls here, two wake-ups at the
    client (docs/decisions/0007). A head without a body yet is sent in the event loop's
    next turn.

    Closing a socket with unread data resets the connection, and the client may lose the
    response. So `close` first closes the sending side only (RFC 9112 §9.6), unless the
    request was read, which `begin_close` returns. It closes both sides when it is called
    again. `last_bytes` is the size of what was given to the transport last. Everything else
    is the transport's own.
    """

    def __init__(self, transport: asyncio.Transport, begin_close: Callable[[], bool]) -> None:
        self._transport = transport
        self._begin_close = begin_close
        self._head = b""
        self.last_bytes = 0
        self._loop = asyncio.get_running_loop()
        self._is_half_closed = False
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        """Send this and what was held back; if nothing was, hold this back for the next write."""
        if self._head:
            head, self._head = self._head, b""
            self._write(head + data)
        elif not self.is_closing():
            self._head = data
            self._loop.call_soon(self._send)

    def close(self) -> None:
        """Send what was held back and close: at once if the request was read or this is the second call."""
        self._send()
        if self._is_half_closed or self._transport.is_closing() or self._begin_close():
            self._transport.close()
            return
        self._is_half_closed = True
        self.is_closing = lambda: True
        if self._transport.can_write_eof():  # TLS has no half-closed state
            self._transport.write_eof()

    def _send(self) -> None:
        if self._head and not self._transport.is_closing():
            self._write(self._head)
        self._head = b""

    def _write(self, data: bytes) -> None:
        self.last_bytes = len(data)
        self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
