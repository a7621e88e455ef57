"""Accepts connections, up to a maximum, and gives a TLS handshake a deadline."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Collection
from contextlib import ExitStack, suppress
from typing import Final

from todo_api.server.connections import Connections
from todo_api.server.uvicorn_protocol import FIRST_REQUEST_SECONDS, HttpProtocol

_PAUSE_SECONDS: Final = 0.05
"""How long accepting stops when there is no room, and no connection to close."""

_ACCEPTED_PER_TURN: Final = 16
"""How many connections are accepted before the event loop serves others, at most one of them with a request."""
_OPENED_PER_TURN: Final = 2
"""How many connections without a request are opened before the event loop serves others: one costs 50 µs."""
_PEEKED_BYTES: Final = 16 * 1024


class Acceptor:
    """Accepts the connections of one listening socket.

    A connection whose first request has arrived is opened at once, any other as soon as there
    is time, the newest first. So a client does not wait for very many others that connect.

    At the maximum, a new connection takes the place of an idle one. If none is idle,
    accepting stops, and new connections wait in the queue of the system.
    """

    def __init__(
        self,
        listener: socket.socket,
        make_protocol: Callable[[], HttpProtocol],
        connections: Connections,
        established: Collection[object],
        tls: ssl.SSLContext | None,
    ) -> None:
        self._listener = listener
        self._make_protocol = make_protocol
        self._connections = connections
        self._established = established
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._opening: set[asyncio.Task[None]] = set()
        listener.setblocking(False)
        self._accepting = asyncio.create_task(self._accept_all())

    def close(self) -> None:
        """Accept no more connections, except those that are complete already. Close the listener right after this."""
        self._accepting.cancel()
        self._loop.remove_reader(self._listener)
        with suppress(OSError):
            while True:
                self._begin(self._listener.accept()[0])
        self._open_newest(len(self._connections.unopened))

    async def wait_opened(self) -> None:
        """Wait a moment for the connections that are being opened."""
        if self._opening:
            await asyncio.wait(self._opening, timeout=FIRST_REQUEST_SECONDS)

    async def wait_closed(self) -> None:
        """End the handshakes in progress, and wait for their end."""
        for opening in self._opening:
            opening.cancel()
        await asyncio.gather(self._accepting, *self._opening, return_exceptions=True)

    async def _accept_all(self) -> None:
        while True:
            try:
                await self._accept_some()
            except OSError:
                # The descriptors of the system are exhausted, or the client has disconnected already.
                self._connections.tally.count("not accepted")
                await asyncio.sleep(_PAUSE_SECONDS)
            self._open_newest(_OPENED_PER_TURN)
            await asyncio.sleep(0)

    async def _accept_some(self) -> None:
        """Accept connections up to one that opens now. Wait for one only if all others are open."""
        for _ in range(_ACCEPTED_PER_TURN):
            try:
                accepted = self._listener.accept()[0]
            except BlockingIOError:
                if self._connections.unopened:
                    return
                accepted = (await self._loop.sock_accept(self._listener))[0]
            with ExitStack() as unopened:
                unopened.callback(accepted.close)
                while self._is_full():  # noqa: ASYNC110 - not only an event ends the wait, but time as well
                    await asyncio.sleep(0 if self._connections.make_room() else _PAUSE_SECONDS)
                unopened.pop_all()
            if self._take(accepted):
                return

    def _take(self, accepted: socket.socket) -> bool:
        """Refuse the connection, or open it now or later: what has arrived decides. Return whether it opens now."""
        head = b"" if self._tls else _peek(accepted)
        if self._connections.refusals.refuse(accepted, head):
            return False
        if self._tls or b"\r\n\r\n" in head:
            self._begin(accepted)
            return True
        self._connections.unopened.append(accepted)
        return False

    def _open_newest(self, count: int) -> None:
        unopened = self._connections.unopened
        for _ in range(min(count, len(unopened))):
            self._begin(unopened.pop())

    def _begin(self, accepted: socket.socket) -> None:
        protocol = self._make_protocol()
        opening = asyncio.create_task(self._open(accepted, protocol))
        self._connections.opening[protocol] = opening, self._loop.time()
        self._opening.add(opening)
        opening.add_done_callback(self._opening.discard)

    def _is_full(self) -> bool:
        connections = self._connections
        count = len(self._established) + len(connections.opening) + len(connections.unopened)
        return count >= connections.limits.connections

    async def _open(self, accepted: socket.socket, protocol: HttpProtocol) -> None:
        try:
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.connect_accepted_socket(
                lambda: protocol,
                accepted,
                ssl=self._tls,
                ssl_handshake_timeout=self._connections.limits.progress_seconds if self._tls else None,
            )
        except OSError:
            self._connections.tally.count("handshake")
            accepted.close()
        except asyncio.CancelledError:
            accepted.close()
            raise
        finally:
            self._connections.opening.pop(protocol, None)


def _peek(accepted: socket.socket) -> bytes:
    """Return what has arrived on a connection, and leave it there."""
    accepted.setblocking(False)
    try:
        return accepted.recv(_PEEKED_BYTES, socket.MSG_PEEK)
    except OSError:  # nothing has arrived yet
        return b""
