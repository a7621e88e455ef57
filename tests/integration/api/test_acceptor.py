"""The acceptor where the system gives it no connection."""

import asyncio
import logging
import socket

import pytest

from tests.integration.server import IMPATIENT
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
