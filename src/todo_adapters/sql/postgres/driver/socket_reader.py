"""Waiting until a socket can be read."""

import asyncio
import select


class SocketReader:
    """Watches one socket, and stays registered with the event loop from one statement to the next.

    To register for each wait costs seven system calls (docs/decisions/0008). But libuv, below
    uvloop, reports an error of a socket once and then watches it no more. So after each
    event, the registration counts only when the kernel has confirmed that the socket has
    neither input nor an error: an error of a TCP or Unix socket is final. Otherwise the
    next wait registers anew, and the event loop looks at the present state of the socket.

    An event for which nothing waits ends the registration, because the event loop would
    repeat it without end.
    """

    def __init__(self, socket: int) -> None:
        self._socket = socket
        self._loop = asyncio.get_running_loop()
        self._kernel = select.poll()
        self._kernel.register(socket, select.POLLIN)
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._is_registered = False
        self._is_confirmed = False

    def has_input(self) -> bool:
        """Return whether there is something to read, an error or the end of the connection."""
        has_input = bool(self._kernel.poll(0))
        self._is_confirmed = self._is_registered and not has_input
        return has_input

    def wait(self) -> asyncio.Future[None]:
        """Return a future that is done when the socket can be read; another event may end it earlier."""
        self._ready = self._loop.create_future()
        if not self._is_confirmed:
            self.close()
            self._loop.add_reader(self._socket, self._tell)
            self._is_registered = self._is_confirmed = True
        return self._ready

    def _tell(self) -> None:
        if self._ready.done():
            self.close()
        else:
            self._is_confirmed = False
            self._ready.set_result(None)

    def close(self) -> None:
        """End the registration: before the socket is closed, or right after libpq has closed it."""
        if self._is_registered:
            self._loop.remove_reader(self._socket)
            self._is_registered = self._is_confirmed = False
