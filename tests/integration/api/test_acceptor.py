"""The order in which connections are opened, and an acceptor that gets none from the system."""

import asyncio
import logging
import socket
from contextlib import ExitStack
from typing import Any, cast

import pytest

from tests.integration.server import IMPATIENT, LIMITS
from todo_api.server.acceptor import Acceptor
from todo_api.server.connections import Connections

pytestmark = pytest.mark.anyio


async def test_accepting_goes_on_after_an_error_of_the_system(caplog: pytest.LogCaptureFixture) -> None:
    class Exhausted(socket.socket):
        errors = 0

        def accept(self) -> tuple[socket.socket, object]:
            self.errors += 1
            raise OSError(24, "Too many open files")

    listener = Exhausted()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    connections = Connections(IMPATIENT)
    with listener, socket.create_connection(listener.getsockname()):
        acceptor = Acceptor(listener, lambda: pytest.fail("no connection"), connections, (), None)
        async with asyncio.timeout(20):
            while listener.errors < 2:  # noqa: ASYNC110 - the loop sets it
                await asyncio.sleep(0.01)
        acceptor.close()
    await acceptor.wait_opened()
    await acceptor.wait_closed()
    connections.close()

    assert vars(caplog.records[-1])["fields"]["counts"]["not accepted"] >= 1
    assert caplog.records[-1].levelno == logging.WARNING


class Opened(asyncio.Protocol):
    """Notes the address of the client when the connection is opened."""

    def __init__(self, clients: list[object]) -> None:
        self.clients = clients

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.clients.append(transport.get_extra_info("peername"))
        transport.close()


@pytest.mark.parametrize("stops_at_once", [False, True])
async def test_connections_without_a_request_are_opened_after_others_and_the_newest_first(
    *, stops_at_once: bool
) -> None:
    connections = Connections(LIMITS)
    opened: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as listener, ExitStack() as stack:
        *others, complete = (stack.enter_context(socket.create_connection(listener.getsockname())) for _ in range(6))
        others[0].sendall(b"GET / HTTP/1.1\r\n")
        complete.sendall(b"GET / HTTP/1.1\r\n\r\n")
        acceptor = Acceptor(listener, lambda: cast("Any", Opened(opened)), connections, (), None)
        if stops_at_once:
            await asyncio.sleep(0)
            acceptor.close()
        async with asyncio.timeout(20):
            while len(opened) < 6:  # noqa: ASYNC110 - the acceptor opens them
                await asyncio.sleep(0.01)
        acceptor.close()
        expected = [each.getsockname() for each in (complete, *reversed(others))]
    await acceptor.wait_closed()
    connections.close()

    assert opened == expected
