"""Unit tests do no I/O."""

import asyncio
import socket

import pytest


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6, socket.AF_UNIX])
def test_a_unit_test_cannot_open_a_socket(family: socket.AddressFamily) -> None:
    with pytest.raises(pytest.fail.Exception, match="must not open a socket"):
        socket.socket(family)


def test_a_unit_test_cannot_connect_through_an_event_loop() -> None:
    with pytest.raises(pytest.fail.Exception, match="must not open a socket"):
        asyncio.run(asyncio.wait_for(asyncio.open_connection("127.0.0.1", 1), timeout=10))


def test_a_unit_test_may_run_an_event_loop() -> None:
    async def result() -> int:
        return await asyncio.to_thread(lambda: 42)

    assert asyncio.run(result()) == 42
