"""A server that accepts PostgreSQL sessions, sends part of the first response and resets the connection."""

import asyncio
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from tests.integration.adapters.sql.postgres.pooler import message, welcome

_PARSE_COMPLETE = message(b"1", b"")
_HALF_A_ROW_DESCRIPTION = message(b"T", b"\0\1answer\0" + bytes(18))[:9]
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@contextmanager
def resetting_server(*, pause: int) -> Iterator[str]:
    """Run the server in the running event loop, and yield its URL.

    Its steps are callbacks of the loop that it shares with its client, so the client finds
    the response and the reset in the same order each time: at once with a pause of 0, else
    in different iterations of the loop.
    """
    loop = asyncio.get_running_loop()
    sessions: list[socket.socket] = []

    def accept() -> None:
        session, _ = listener.accept()
        session.setblocking(False)
        sessions.append(session)
        loop.add_reader(session, greet, session)

    def greet(session: socket.socket) -> None:
        session.recv(65536)
        session.send(welcome())
        loop.add_reader(session, respond, session)

    def respond(session: socket.socket) -> None:
        session.recv(65536)
        loop.remove_reader(session)
        session.send(_PARSE_COMPLETE + _HALF_A_ROW_DESCRIPTION)
        reset_after(pause, session)

    def reset_after(iterations: int, session: socket.socket) -> None:
        if iterations:
            loop.call_soon(reset_after, iterations - 1, session)
            return
        session.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        session.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        loop.add_reader(listener, accept)
        try:
            yield f"postgresql://nobody@127.0.0.1:{listener.getsockname()[1]}/x?sslmode=disable&gssencmode=disable"
        finally:
            loop.remove_reader(listener)
            for session in sessions:
                session.close()
