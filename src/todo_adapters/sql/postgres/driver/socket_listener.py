"""Waiting for a socket that the event loop knows for as long as it is open."""

import asyncio
import select
from collections.abc import Callable

from psycopg.waiting import Ready, Wait


class SocketListener:
    """Tells one task at a time when a socket can be read or written.

    `unasked` is called, again and again, while there is something to read that nobody
    waits for. To tell the event loop of a socket anew for every wait, as psycopg does,
    costs more than the rest of a small statement.
    """

    def __init__(self, socket: int, unasked: Callable[[], None]) -> None:
        self._socket = socket
        self._unasked = unasked
        self._awaited: asyncio.Future[Ready] | None = None
        self._unread = select.poll()
        self._unread.register(socket, select.POLLIN)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(socket, self._tell, Ready.R)

    def is_quiet(self) -> bool:
        """Say whether there is nothing to read; asks the kernel."""
        return not self._unread.poll(0)

    async def until(self, wanted: Wait) -> Ready:
        """Wait until the socket can be read, or written if that is wanted; after `stop`, who tries will find out."""
        if self._socket < 0:
            return Ready(wanted)
        self._awaited = self._loop.create_future()
        if wanted & Wait.W:
            self._loop.add_writer(self._socket, self._tell, Ready.W)
        try:
            return await self._awaited
        finally:
            self._awaited = None
            if wanted & Wait.W:
                self._loop.remove_writer(self._socket)

    def stop(self) -> None:
        """Let go of the socket, which may be closed already."""
        if self._socket >= 0:
            self._loop.remove_reader(self._socket)
            self._socket = -1

    def _tell(self, ready: Ready) -> None:
        if self._awaited is None:
            self._unasked()
        elif not self._awaited.done():
            self._awaited.set_result(ready)
