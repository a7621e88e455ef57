import socket
from collections.abc import Iterator

import pytest
from psycopg.waiting import Ready, Wait

from todo_adapters.sql.postgres.driver.socket_listener import SocketListener

pytestmark = pytest.mark.anyio


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Give the two ends of a connection."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        yield ours, theirs


async def test_who_waits_is_told_when_there_is_something_to_read(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    listener = SocketListener(ours.fileno(), lambda: None)
    assert listener.is_quiet()

    theirs.send(b"x")

    assert await listener.until(Wait.R) == Ready.R
    assert not listener.is_quiet()
    listener.stop()


async def test_who_waits_to_write_is_told_when_he_can_and_once(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    listener = SocketListener(ours.fileno(), lambda: None)

    assert await listener.until(Wait.RW) == Ready.W
    theirs.send(b"x")
    assert await listener.until(Wait.R) == Ready.R

    listener.stop()


async def test_after_the_end_nobody_waits(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, _ = ends
    listener = SocketListener(ours.fileno(), lambda: None)

    listener.stop()
    listener.stop()

    assert await listener.until(Wait.R) == Ready.R
